//! Compresses the page's text while the server is built, so that no request has to.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;

const PAGE: &str = "../web/dist";
/// The extensions of text; images and media are compressed by their formats.
const TEXT: [&str; 5] = ["css", "html", "js", "svg", "vtt"];
/// The smallest file, in bytes, that is worth compressing.
const BYTES_MIN: usize = 1024;
/// Better ones make little difference, and cargo doesn't optimize what runs during a build: they would take
/// half a minute.
const BROTLI_QUALITY: u32 = 9;
/// The largest window that every browser reads, as a power of two.
const BROTLI_WINDOW: u32 = 22;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={PAGE}");
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let packed = PathBuf::from(out).join("packed");
    // What an earlier page left would be embedded too.
    if packed.exists() {
        fs::remove_dir_all(&packed)?;
    }
    pack_folder(Path::new(PAGE), &packed)
}

/// Writes `<file>.gz` and `<file>.br` of each text in a folder.
fn pack_folder(folder: &Path, packed: &Path) -> io::Result<()> {
    fs::create_dir_all(packed)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_dir() {
            pack_folder(&path, &packed.join(name))?;
        } else if path.extension().is_some_and(|ending| TEXT.iter().any(|text| ending == *text)) {
            let text = fs::read(&path)?;
            if text.len() >= BYTES_MIN {
                fs::write(packed.join(format!("{name}.gz")), gzip(&text)?)?;
                fs::write(packed.join(format!("{name}.br")), brotli(&text)?)?;
            }
        }
    }
    Ok(())
}

/// Without a name and a time, so that the same text always gives the same bytes.
fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text)?;
    encoder.finish()
}

fn brotli(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    let buffer_bytes = 4096;
    let mut encoder =
        brotli::CompressorWriter::new(&mut packed, buffer_bytes, BROTLI_QUALITY, BROTLI_WINDOW);
    encoder.write_all(text)?;
    drop(encoder);
    Ok(packed)
}
