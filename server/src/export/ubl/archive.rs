//! A ZIP of as many files as there are, at flat memory: its directory, which stands at its end and has a line for each file,
//! lies in a file of its own until then. Writers that keep it in memory take half a kilobyte a file.

use std::{
    fs::File,
    io::{BufWriter, IntoInnerError, Read, Result as Io, Seek, Write},
};

use flate2::{Compression, Crc, write::DeflateEncoder};

use super::super::spool::Folder;

/// From this on a number stands in a field of 64 bits, and this in its place.
const LARGE: u64 = u32::MAX as u64;
/// From this on, of files.
const MANY: u64 = u16::MAX as u64;
/// The version of the format that has such fields.
const VERSION: u16 = 45;
/// The system whose rights follow, and the version.
const MADE_BY: u16 = (3 << 8) | VERSION;
/// A file that its owner writes and all read.
const RIGHTS: u32 = 0o100_644 << 16;
const DEFLATED: u16 = 8;
/// The first day that the format knows, at midnight: when a file was made says nothing.
const TIME_AND_DATE: u32 = 0x0021_0000;

/// What is written, packed as it comes.
pub(super) struct Packing<W: Write> {
    into: DeflateEncoder<W>,
    crc: Crc,
}

/// What a reader must know of a packed file beforehand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    crc: u32,
    bytes: u64,
    packed: u64,
}

impl<W: Write> Packing<W> {
    pub(super) fn new(into: W) -> Self {
        Self { into: DeflateEncoder::new(into, Compression::default()), crc: Crc::new() }
    }

    /// Ends it, and goes on with another, which is packed into `next`.
    fn end(&mut self, next: W) -> Io<(W, Packed)> {
        self.into.try_finish()?;
        let packed =
            Packed { crc: self.crc.sum(), bytes: self.into.total_in(), packed: self.into.total_out() };
        self.crc.reset();
        Ok((self.into.reset(next)?, packed))
    }
}

impl<W: Write> Write for Packing<W> {
    fn write(&mut self, bytes: &[u8]) -> Io<usize> {
        let taken = self.into.write(bytes)?;
        self.crc.update(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> Io<()> {
        self.into.flush()
    }
}

/// A header on its way.
struct Fields(Vec<u8>);

impl Fields {
    fn of(signature: u32) -> Self {
        Self(signature.to_le_bytes().to_vec())
    }

    fn u16(mut self, n: u16) -> Self {
        self.0.extend(n.to_le_bytes());
        self
    }

    fn u32(mut self, n: u32) -> Self {
        self.0.extend(n.to_le_bytes());
        self
    }

    fn u64(mut self, n: u64) -> Self {
        self.0.extend(n.to_le_bytes());
        self
    }

    /// In 32 bits, or that it stands elsewhere.
    fn short(self, n: u64) -> Self {
        self.u32(u32::try_from(n).unwrap_or(u32::MAX))
    }

    /// What both headers of a file say alike, up to the length of its name.
    fn file(self, name: &str, Packed { crc, bytes, packed }: Packed) -> Self {
        // No flags: names are ASCII, and what is packed is known beforehand.
        let all = self.u16(VERSION).u16(0).u16(DEFLATED).u32(TIME_AND_DATE).u32(crc);
        all.short(packed).short(bytes).u16(u16::try_from(name.len()).unwrap_or(u16::MAX))
    }
}

/// The numbers that do not fit into 32 bits; nothing where all do.
fn large(numbers: &[u64]) -> Vec<u8> {
    if numbers.is_empty() {
        return Vec::new();
    }
    let length = u16::try_from(8 * numbers.len()).unwrap_or(u16::MAX);
    let mut field = [1_u16.to_le_bytes(), length.to_le_bytes()].concat();
    field.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
    field
}

fn length(extra: &[u8]) -> u16 {
    u16::try_from(extra.len()).unwrap_or(u16::MAX)
}

/// The archive.
pub(super) struct Zip {
    out: BufWriter<File>,
    at: u64,
    /// The lines of the directory, so many bytes.
    directory: BufWriter<File>,
    directory_bytes: u64,
    files: u64,
    /// What packs the next small file.
    small: Packing<Vec<u8>>,
}

impl Zip {
    /// An empty one, in files of this folder that have no names.
    ///
    /// # Errors
    /// When they cannot be made.
    pub(super) fn new(folder: &Folder) -> Io<Self> {
        let file = || folder.file().map(BufWriter::new);
        let small = Packing::new(Vec::new());
        Ok(Self { out: file()?, at: 0, directory: file()?, directory_bytes: 0, files: 0, small })
    }

    /// Adds a file that is in memory.
    ///
    /// # Errors
    /// When the disk is full.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Io<()> {
        self.small.write_all(bytes)?;
        let (packed, facts) = self.small.end(Vec::new())?;
        self.append(name, facts, &mut packed.as_slice())
    }

    /// Adds a file of any length that was packed into a file of its own.
    ///
    /// # Errors
    /// When the disk is full.
    pub(super) fn add_packed(&mut self, name: &str, mut packing: Packing<BufWriter<File>>) -> Io<()> {
        packing.into.try_finish()?;
        let (bytes, packed) = (packing.into.total_in(), packing.into.total_out());
        let facts = Packed { crc: packing.crc.sum(), bytes, packed };
        let mut file = packing.into.finish()?.into_inner().map_err(IntoInnerError::into_error)?;
        file.rewind()?;
        self.append(name, facts, &mut file)
    }

    fn append(&mut self, name: &str, facts: Packed, from: &mut impl Read) -> Io<()> {
        let offset = self.at;
        // There, either both sizes stand in 64 bits or none.
        let is_large = facts.bytes >= LARGE || facts.packed >= LARGE;
        let told = if is_large { Packed { bytes: LARGE, packed: LARGE, ..facts } } else { facts };
        let extra = if is_large { large(&[facts.bytes, facts.packed]) } else { Vec::new() };
        let header = Fields::of(0x0403_4b50).file(name, told).u16(length(&extra)).0;
        for part in [header.as_slice(), name.as_bytes(), extra.as_slice()] {
            self.out.write_all(part)?;
            self.at += part.len() as u64;
        }
        self.at += std::io::copy(from, &mut self.out)?;
        self.list(name, facts, offset)
    }

    /// The file's line in the directory.
    fn list(&mut self, name: &str, facts: Packed, offset: u64) -> Io<()> {
        let all = [facts.bytes, facts.packed, offset];
        let extra = large(&all.into_iter().filter(|n| *n >= LARGE).collect::<Vec<_>>());
        let line = Fields::of(0x0201_4b50).u16(MADE_BY).file(name, facts).u16(length(&extra));
        // No remark, the first disk, nothing of its content.
        let line = line.u16(0).u16(0).u16(0).u32(RIGHTS).short(offset).0;
        for part in [line.as_slice(), name.as_bytes(), extra.as_slice()] {
            self.directory.write_all(part)?;
            self.directory_bytes += part.len() as u64;
        }
        self.files += 1;
        Ok(())
    }

    /// The whole archive, from its beginning.
    ///
    /// # Errors
    /// When the disk is full.
    pub(super) fn finish(mut self) -> Io<File> {
        let mut directory = self.directory.into_inner().map_err(IntoInnerError::into_error)?;
        directory.rewind()?;
        std::io::copy(&mut directory, &mut self.out)?;
        let (files, bytes, at) = (self.files, self.directory_bytes, self.at);
        if files >= MANY || bytes >= LARGE || at >= LARGE {
            let end = Fields::of(0x0606_4b50).u64(44).u16(MADE_BY).u16(VERSION).u32(0).u32(0);
            self.out.write_all(&end.u64(files).u64(files).u64(bytes).u64(at).0)?;
            self.out.write_all(&Fields::of(0x0706_4b50).u32(0).u64(at + bytes).u32(1).0)?;
        }
        let few = u16::try_from(files).unwrap_or(u16::MAX);
        let end = Fields::of(0x0605_4b50).u16(0).u16(0).u16(few).u16(few);
        self.out.write_all(&end.short(bytes).short(at).u16(0).0)?;
        let mut file = self.out.into_inner().map_err(IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use zip::ZipArchive;

    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let there = tempfile::tempdir().unwrap();
        let folder = Folder::at(there.path().to_owned());
        (there, folder)
    }

    fn read(archive: &mut ZipArchive<File>, name: &str) -> String {
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn what_was_put_in_is_read_by_others() {
        let (_there, folder) = folder();
        let mut zip = Zip::new(&folder).unwrap();
        let long = "a line like any other\n".repeat(10_000);
        let mut packing = Packing::new(BufWriter::new(folder.file().unwrap()));
        packing.write_all(long.as_bytes()).unwrap();
        zip.add("invoices/1.xml", b"<Invoice/>").unwrap();
        zip.add("empty", b"").unwrap();
        zip.add_packed("left_out.jsonl", packing).unwrap();
        let mut archive = ZipArchive::new(zip.finish().unwrap()).unwrap();
        assert_eq!(
            archive.file_names().map(|name| name.unwrap().into_owned()).collect::<Vec<_>>(),
            ["invoices/1.xml", "empty", "left_out.jsonl"]
        );
        assert_eq!(
            (&*read(&mut archive, "invoices/1.xml"), &*read(&mut archive, "empty")),
            ("<Invoice/>", "")
        );
        assert!(read(&mut archive, "left_out.jsonl") == long);
        let none = ZipArchive::new(Zip::new(&folder).unwrap().finish().unwrap()).unwrap();
        assert_eq!(none.len(), 0);
    }

    #[test]
    fn the_directory_of_many_lies_on_disk() {
        const FILES: usize = 70_000;
        let (_there, folder) = folder();
        let mut zip = Zip::new(&folder).unwrap();
        for n in 0..FILES {
            zip.add(&format!("{n}.xml"), n.to_string().as_bytes()).unwrap();
        }
        zip.directory.flush().unwrap();
        assert_eq!(zip.directory.get_ref().metadata().unwrap().len(), zip.directory_bytes);
        assert!(zip.directory_bytes > 46 * FILES as u64 && zip.directory.capacity() < 100_000);
        let mut archive = ZipArchive::new(zip.finish().unwrap()).unwrap();
        assert_eq!(archive.len(), FILES, "more than 16 bits count");
        for n in [0, 1, 65_534, 65_535, 65_536, FILES - 1] {
            assert_eq!(read(&mut archive, &format!("{n}.xml")), n.to_string());
        }
    }
}
