//! What names are compared by: several people may have the same name, or names that look alike, and none of them is
//! refused theirs.

use contracts::NAME_SKELETON_BYTES_MAX;

/// Returns the skeleton of a name. Names that look alike have the same: it is that of UTS 39, which has one character
/// for all that look like it, taken in both cases, so that names which differ in the case of Latin letters have the
/// same too. It is to be compared, never shown.
pub fn skeleton(name: &str) -> String {
    // Some letters look alike in one case only: `I` and `l`, but not `i` and `L`.
    let upper: String = prototypes(name).chars().flat_map(char::to_uppercase).collect();
    let lower: String = prototypes(&upper).chars().flat_map(char::to_lowercase).collect();
    let mut skeleton = prototypes(&lower);
    skeleton.truncate(skeleton.floor_char_boundary(NAME_SKELETON_BYTES_MAX));
    skeleton
}

/// Returns the skeleton of UTS 39, which tells upper case from lower.
fn prototypes(text: &str) -> String {
    unicode_security::skeleton(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_have_the_same_skeleton() {
        for (name, other) in [
            ("Ada", "Аda"),
            ("Ada", "Αda"),
            ("Ada", "Ａｄａ"),
            ("Ada", "𝐀𝒹𝖆"),
            ("Ada", "aDA"),
            ("Ian", "lan"),
            ("IAN", "ian"),
            ("Ian", "1an"),
            ("Marnie", "Mamie"),
            ("Bob", "B0b"),
            ("Paul", "PauI"),
            ("Zoë", "Zoe\u{308}"),
            ("O’Brien", "O'Brien"),
            ("Ada · k3f9", "Ada ꞏ k3f9"),
            ("می\u{200C}خواهم", "میخواهم"),
            ("Ольга", "Oльга"),
            ("Борис", "БОРИС"),
        ] {
            assert_eq!(skeleton(name), skeleton(other), "{name} {other}");
        }
    }

    #[test]
    fn names_that_people_tell_apart_have_different_skeletons() {
        let names = [
            "Ada",
            "Adá",
            "Ådä",
            "Adam",
            "Eva",
            "Ольга",
            "Олег",
            "Ελένη",
            "نورا",
            "سارة",
            "山田",
            "山口",
            "김민준",
            "नमस्ते",
            "👩\u{200D}🚀",
            "👩🏽\u{200D}🚀",
            "A da",
            "Ada 2",
        ];
        for (number, name) in names.iter().enumerate() {
            for other in &names[..number] {
                assert_ne!(skeleton(name), skeleton(other), "{name} {other}");
            }
        }
    }

    #[test]
    fn whatever_looks_like_a_character_has_its_skeleton() {
        for c in '\0'..='\u{1FFFF}' {
            let like = prototypes(&c.to_string());
            assert_eq!(skeleton(&like), skeleton(&c.to_string()), "{:?}", c.escape_unicode());
        }
        for c in '\0'..='\u{7F}' {
            let lower = skeleton(&c.to_ascii_lowercase().to_string());
            assert_eq!(skeleton(&c.to_ascii_uppercase().to_string()), lower, "{c}");
        }
    }

    #[test]
    fn a_skeleton_is_no_longer_than_the_contract_says() {
        // It has eighteen letters instead of one.
        let long = skeleton(&"\u{FDFA}".repeat(85));
        assert!(long.len() <= NAME_SKELETON_BYTES_MAX && long.len() > NAME_SKELETON_BYTES_MAX - 4);
    }
}
