//! Autobahn 6: UTF-8 in texts.

use harness::frame::opcode;

use super::raw::{FIN, Ground, Meets, Seen, State, close, frame, in_bytes, message};

/// Texts that are valid.
const VALID: [(&str, &[u8]); 14] = [
    ("6.2.1", "Hello-µ@ßöäüàá-UTF-8!!".as_bytes()),
    ("6.5.1", "κόσμε".as_bytes()),
    ("6.6.2: one byte", b"\x7f"),
    ("6.6.5: two bytes", "\u{80}\u{7ff}".as_bytes()),
    ("6.6.7: three bytes", "\u{800}\u{ffff}".as_bytes()),
    ("6.6.9: four bytes", "\u{10000}\u{10ffff}".as_bytes()),
    ("6.9.1: before the surrogates", "\u{d7ff}".as_bytes()),
    ("6.9.2: behind them", "\u{e000}".as_bytes()),
    ("6.9.3", "\u{fffd}".as_bytes()),
    ("6.22: no character", "\u{fdd0}\u{fdef}".as_bytes()),
    ("6.22: no character, far out", "\u{1fffe}\u{8ffff}".as_bytes()),
    ("6.23: the byte order mark", "\u{feff}".as_bytes()),
    ("6.23: private use", "\u{e000}\u{f8ff}".as_bytes()),
    ("an emoji of several", "👩\u{200d}🚀".as_bytes()),
];

/// Texts that aren't.
const INVALID: [(&str, &[u8]); 34] = [
    (
        "6.3.1: a surrogate between",
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
    ),
    ("6.6.1: cut after one of two", b"\xce"),
    ("6.6.3: cut after one of three", b"\xe1"),
    ("6.6.4: cut after two of three", b"\xe1\xbd"),
    ("6.6.6: cut after three of four", b"\xf0\x90\x80"),
    ("6.8.1: five bytes", b"\xf8\x88\x80\x80\x80"),
    ("6.8.2: six bytes", b"\xfc\x84\x80\x80\x80\x80"),
    ("6.10.1: behind the last", b"\xf7\xbf\xbf\xbf"),
    ("6.10.2", b"\xfb\xbf\xbf\xbf\xbf"),
    ("6.10.3", b"\xfd\xbf\xbf\xbf\xbf\xbf"),
    ("6.11.5: just behind the last", b"\xf4\x90\x80\x80"),
    ("6.12.1: a continuation alone", b"\x80"),
    ("6.12.2", b"\xbf"),
    ("6.12.3: two of them", b"\x80\xbf"),
    ("6.12.8: all of them", b"\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f"),
    ("6.13.1: first bytes alone", b"\xc2\x20\xc3\x20\xde\x20\xdf\x20"),
    ("6.13.2", b"\xe0\x20\xe1\x20\xee\x20\xef\x20"),
    ("6.13.3", b"\xf0\x20\xf1\x20\xf2\x20\xf3\x20"),
    ("6.14.1: the last byte is missing", b"\xc0"),
    ("6.14.2", b"\xe0\x80"),
    ("6.14.6", b"\xdf"),
    ("6.14.7", b"\xef\xbf"),
    ("6.15.1: all of these", b"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80"),
    ("6.16.1: no byte of UTF-8", b"\xfe"),
    ("6.16.2", b"\xff"),
    ("6.16.3", b"\xfe\xfe\xff\xff"),
    ("6.17.1: a slash in two", b"\xc0\xaf"),
    ("6.17.2: a slash in three", b"\xe0\x80\xaf"),
    ("6.17.3: a slash in four", b"\xf0\x80\x80\xaf"),
    ("6.18.2: the longest form of all", b"\xe0\x9f\xbf"),
    ("6.19.1: nothing in two", b"\xc0\x80"),
    ("6.20.1: a surrogate", b"\xed\xa0\x80"),
    ("6.20.7: the last surrogate", b"\xed\xbf\xbf"),
    ("6.21.1: a pair of them", b"\xed\xa0\x80\xed\xb0\x80"),
];

#[tokio::test]
async fn valid_text_is_answered_wherever_it_is_cut() {
    let ground = Ground::new().await;
    // It stays open, so several come over one connection: as many as may come before hello.
    for (state, cases) in [State::Upgraded, State::Welcomed]
        .into_iter()
        .flat_map(|state| VALID.chunks(4).map(move |cases| (state, cases)))
    {
        let mut raw = ground.open(state).await;
        for (name, inside) in cases {
            let whole = message(inside);
            for (cut, sent) in
                [("whole", frame(FIN | opcode::TEXT, &whole)), ("a frame a byte", pieces(&whole))]
            {
                raw.send(&sent).await;
                let seen = raw.answer().await;
                let is_pong = matches!(&seen, Seen::Text(frame) if frame["type"] == "pong");
                assert!(is_pong, "{name}, {cut} ({state:?}): {seen:?}");
            }
        }
        raw.send(&close(1000, "done")).await;
        raw.closes(Some(1000), "after all of them").await;
    }
}

#[tokio::test]
async fn invalid_text_closes_the_connection_with_1007() {
    let ground = Ground::new().await;
    for (name, inside) in INVALID {
        let whole = message(inside);
        let sent = frame(FIN | opcode::TEXT, &whole);
        ground.run(name, State::Welcomed, &[sent], &Meets::Closes(Some(1007))).await;
        let name = format!("{name}, a frame a byte");
        ground.run(&name, State::Upgraded, &[pieces(&whole)], &Meets::Closes(Some(1007))).await;
    }
    // A frame may end within a character, a message may not.
    let cut = [frame(opcode::TEXT, b"\xce"), frame(FIN | opcode::CONTINUATION, b"")];
    ground.run_in_both("cut at the end", &cut, &Meets::Closes(Some(1007))).await;
    let bytes = in_bytes(&frame(FIN | opcode::TEXT, b"\xed\xa0\x80"));
    ground.run_in_both("byte by byte", &bytes, &Meets::Closes(Some(1007))).await;
}

/// A message with a frame for each of its bytes, in one packet.
fn pieces(whole: &[u8]) -> Vec<u8> {
    let last = whole.len() - 1;
    let first_byte = |at| match at {
        0 => opcode::TEXT,
        at if at == last => FIN | opcode::CONTINUATION,
        _ => opcode::CONTINUATION,
    };
    let frames = whole.iter().enumerate().map(|(at, byte)| frame(first_byte(at), &[*byte]));
    frames.collect::<Vec<_>>().concat()
}
