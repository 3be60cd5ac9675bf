//! Names of codecs as in RFC 6381, from the configurations that containers hold.

/// From an AVC configuration: profile, constraints and level.
pub(super) fn avc(name: &str, configuration: &[u8]) -> Option<String> {
    let [_, profile, constraints, level, ..] = *configuration else { return None };
    Some(format!("{name}.{profile:02x}{constraints:02x}{level:02x}"))
}

/// From an HEVC configuration, as ISO/IEC 14496-15 annex E says.
pub(super) fn hevc(name: &str, configuration: &[u8]) -> Option<String> {
    let configuration = configuration.get(..13)?;
    let (profile, constraints) = (configuration[1], &configuration[6..12]);
    let space = ["", "A", "B", "C"][usize::from(profile >> 6)];
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    let compatible = u32::from_be_bytes(configuration[2..6].try_into().ok()?).reverse_bits();
    let kept = constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let constraints: String = constraints[..kept].iter().map(|byte| format!(".{byte:X}")).collect();
    let (profile, level) = (profile & 0x1f, configuration[12]);
    Some(format!("{name}.{space}{profile}.{compatible:X}.{tier}{level}{constraints}"))
}

/// From an AV1 configuration: profile, level, tier and bit depth.
pub(super) fn av1(configuration: &[u8]) -> Option<String> {
    let [_, profile_level, depth, ..] = *configuration else { return None };
    let (profile, level) = (profile_level >> 5, profile_level & 0x1f);
    let tier = if depth & 0x80 == 0 { 'M' } else { 'H' };
    let bits = match (depth & 0x40 != 0, depth & 0x20 != 0) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    Some(format!("av01.{profile}.{level:02}{tier}.{bits:02}"))
}

/// The kind of AAC, from the first bits of its configuration.
pub(super) fn aac_object_type(configuration: &[u8]) -> Option<u8> {
    let first = *configuration.first()?;
    match first >> 3 {
        31 => Some(32 + ((first & 7) << 3 | configuration.get(1)? >> 5)),
        kind => Some(kind),
    }
}
