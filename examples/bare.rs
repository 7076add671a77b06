//! The least that a command could do, to compare with: nothing, reading a config, or replacing a file whole.
//! `bare nothing`, `bare parse FILE`, `bare rewrite FILE`. See `scripts/bench`.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use powersync_jwks::config::{Config, Input};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["parse", ref files @ ..] => {
            for file in files {
                let bytes = fs::read(file)?;
                let config = Config::parse(&bytes, Input::of_path(Path::new(file)))?;
                assert!(!config.entries().is_empty());
            }
        }
        ["rewrite", file] => {
            let bytes = fs::read(file)?;
            let directory = Path::new(file).parent().ok_or("a path with a directory")?;
            let mut new = tempfile::NamedTempFile::new_in(directory)?;
            new.write_all(&bytes)?;
            new.as_file().sync_all()?;
            new.persist(file)?;
            File::open(directory)?.sync_all()?;
        }
        _ => {}
    }
    Ok(())
}
