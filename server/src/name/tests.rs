//! Names keep every script, and lose only what can't be seen.

use contracts::INVISIBLE;

use super::*;

#[test]
fn names_of_every_script_stay_as_they_are() {
    for name in [
        "Anna",
        "Ḡabriel",
        "O’Brien-Müller",
        "Nguyễn Thị Ánh",
        "Ελένη",
        "Ольга",
        "نورا",
        "می\u{200C}خواهم",
        "דָּנִיֵּאל",
        "क्\u{200D}षमा",
        "র\u{200D}্যাব",
        "അവന്\u{200D}",
        "ශ්\u{200D}රී ලංකා",
        "ᠠᠩᠬᠠ\u{180E}ᠠ",
        "བསྟན་འཛིན",
        "ပြည်သူ",
        "ສົມພອນ",
        "葛\u{E0100}城",
        "山田 太郎",
        "김민준",
        "👩\u{200D}🚀",
        "👩🏽\u{200D}🚀",
        "🏳\u{FE0F}\u{200D}🌈",
        "👨\u{200D}👩\u{200D}👧\u{200D}👦",
        "❤\u{FE0F}",
        "1\u{FE0F}\u{20E3}",
        "🇩🇪 🇫🇷",
        "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
        "נועה (מנהלת)\u{200F}",
        "\u{200F}C++ سارة",
        "𐎠𐎡",
        "\u{601}١٢٣",
        "𓀀\u{13440}𓀁",
        "𓀀\u{13431}\u{13437}𓀁\u{13430}𓀂\u{13438}",
        "𛰀\u{1BCA0}𛰁",
        "سال ۱۴۰۳ ه\u{200D}.ق",
        // Not assigned yet.
        "Anna \u{1FC00}",
        "🫩",
    ] {
        assert_eq!(normalize(name), name, "{}", name.escape_unicode());
    }
}

#[test]
fn what_cannot_be_seen_is_taken_out_where_it_has_no_meaning() {
    for (name, normal) in [
        ("  Anna  ", "Anna"),
        ("Anna\u{A0}\u{3000}\tBell", "Anna Bell"),
        ("Anna\nBell\r\n", "Anna Bell"),
        ("An\u{7}na", "Anna"),
        ("An\u{200B}na\u{2060}\u{FEFF}", "Anna"),
        ("An\u{AD}na", "Anna"),
        ("A\u{200D}n\u{200C}na", "Anna"),
        ("An\u{FE0F}na", "Anna"),
        // Tags make flags of the black one alone.
        ("😀\u{E0062}\u{E0065}\u{E007F}", "😀"),
        ("7\u{FE0F}", "7"),
        ("Anna\u{E0067}\u{E007F}", "Anna"),
        ("🏴\u{E0067}\u{E0062}", "🏴"),
        ("\u{202E}annA\u{202C}", "annA"),
        ("\u{2066}Anna\u{2069}", "Anna"),
        ("Anna\u{200E}\u{200F}\u{61C}", "Anna"),
        ("سارة\u{200F}\u{200F}\u{200F}", "سارة\u{200F}"),
        ("خانه\u{200C}", "خانه"),
        ("خا\u{200C}\u{200C}نه", "خا\u{200C}نه"),
        ("\u{FFF9}A\u{FFFB}", "A"),
        ("An\u{FFFC}na", "Anna"),
        ("An\u{1D159}na\u{16FE4}", "Anna"),
        ("An\u{FFFE}na\u{FFFF}\u{FDD0}\u{FDEF}\u{1FFFE}\u{8FFFF}\u{10FFFF}", "Anna"),
        ("\u{F8FF}Anna\u{E000}\u{F0000}\u{10FFFD}", "Anna"),
        ("𓀀\u{13430}𓀁\u{13441}\u{1343F}", "𓀀\u{13430}𓀁\u{1343F}"),
        ("A\u{13430}B", "AB"),
        ("𛰀\u{1BCA0}", "𛰀"),
        ("سارة\u{200D}", "سارة"),
        ("\u{2800}A\u{2800}B\u{2800}", "A B"),
        ("A\u{30A}ngstro\u{308}m", "Ångström"),
        ("A\u{200B}\u{30A}", "Å"),
        ("\u{301}a", "◌\u{301}a"),
        ("\u{34F}\u{301}a", "◌\u{301}a"),
        ("\u{200F}\u{301}א", "\u{200F}◌\u{301}א"),
        ("Anna \u{903}", "Anna ◌\u{903}"),
        ("a\u{E0100}\u{E0100}", "a"),
    ] {
        let found = normalize(name);
        assert_eq!(found, normal, "{}", name.escape_unicode());
        assert_eq!(normalize(&found), found, "{}", name.escape_unicode());
    }
    let tower = format!("Z{}o", "\u{337}".repeat(200));
    assert_eq!(normalize(&tower), format!("Z{}o", "\u{337}".repeat(MARKS_MAX)));
}

#[test]
fn a_name_is_empty_exactly_if_it_has_no_character_that_the_contract_calls_visible() {
    // Beyond the first planes there are ideographs, characters that aren't assigned yet, those of plane
    // 14, and private use. All planes end alike.
    let ends = (2..=16).flat_map(|plane| plane * 0x10000 + 0xFFF0..=plane * 0x10000 + 0xFFFF);
    let ends = ends.filter_map(char::from_u32);
    let others = ['\u{20000}', '\u{40000}', '\u{EFFFD}', '\u{F0000}', '\u{100000}', '\u{10ABCD}'];
    for c in ('\0'..='\u{1FFFF}').chain('\u{E0000}'..='\u{E1000}').chain(ends).chain(others) {
        let is_invisible = INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&c));
        let normal = normalize(&c.to_string());
        assert_eq!(normal.is_empty(), is_invisible, "{:?} {normal:?}", c.escape_unicode());
    }
}

#[test]
fn characters_are_counted_as_people_count_them() {
    for (name, count) in [
        ("Anna", 4),
        ("नमस्ते", 3),
        ("👨\u{200D}👩\u{200D}👧\u{200D}👦", 1),
        ("🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}", 1),
        ("🇩🇪🇫🇷", 2),
        ("1\u{FE0F}\u{20E3}", 1),
    ] {
        assert_eq!(count_characters(name), count, "{name}");
    }
}
