//! The boxes of a HEIF file, as far as its primary picture needs them.

use std::{borrow::Cow, collections::HashMap};

use crate::{intake::refusal, reason::Reason};

/// Items and properties of a picture; a 48 MP iPhone grid has about 100.
const MOST_ITEMS: usize = 10_000;

/// How the primary picture is made.
pub(super) struct Recipe<'a> {
    /// Size before cropping and turning.
    pub width: u32,
    /// Size before cropping and turning.
    pub height: u32,
    /// Tiles a row; 1 for a single picture.
    pub columns: usize,
    /// The coded parts, row by row.
    pub tiles: Vec<Tile<'a>>,
    /// To apply in this order, after decoding.
    pub turns: Vec<Turn>,
    /// The colour profile, if there is one.
    pub icc: Option<&'a [u8]>,
    /// `(matrix coefficients, full range)` from an `nclx` colour box.
    pub nclx: Option<(u16, bool)>,
}

/// One HEVC picture.
pub(super) struct Tile<'a> {
    /// Its `hvcC`: parameter sets and the width of NAL lengths.
    pub config: &'a [u8],
    /// NAL units, each after its length.
    pub data: Cow<'a, [u8]>,
}

/// A transformative property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// `irot`: quarter turns anticlockwise.
    Left(u8),
    /// `imir` mode 0: top and bottom exchanged.
    FlipRows,
    /// `imir` mode 1: left and right exchanged.
    FlipColumns,
}

fn broken(what: &str) -> Reason {
    refusal::corrupt("HEIC", what)
}

/// A cursor that never reads past its slice.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    /// A big-endian number of `width` bytes, at most eight.
    fn uint(&mut self, width: usize) -> Option<u64> {
        Some(self.take(width)?.iter().fold(0, |n, &b| n << 8 | u64::from(b)))
    }

    /// The next box: kind and body.
    fn next_box(&mut self) -> Option<(&'a [u8], Bytes<'a>)> {
        let all = self.0.len();
        let size = self.uint(4)?;
        let kind = self.take(4)?;
        let (size, header) = match size {
            0 => (all as u64, 8),
            1 => (self.uint(8)?, 16),
            n => (n, 8),
        };
        let body = usize::try_from(size.checked_sub(header)?).ok()?;
        Some((kind, Bytes(self.take(body)?)))
    }

    /// The first box of a kind.
    fn find(mut self, kind: &[u8]) -> Option<Bytes<'a>> {
        while let Some((found, body)) = self.next_box() {
            if found == kind {
                return Some(body);
            }
        }
        None
    }

    /// Version and flags of a full box.
    fn full(&mut self) -> Option<(u8, u32)> {
        let word = self.uint(4)? as u32;
        Some(((word >> 24) as u8, word & 0xff_ffff))
    }
}

struct Meta<'a> {
    file: &'a [u8],
    idat: Option<&'a [u8]>,
    kinds: HashMap<u32, &'a [u8]>,
    places: HashMap<u32, Place>,
    properties: Vec<(&'a [u8], Bytes<'a>)>,
    owned: HashMap<u32, Vec<usize>>,
    derived: HashMap<u32, Vec<u32>>,
}

struct Place {
    in_idat: bool,
    extents: Vec<(u64, u64)>,
}

/// Reads how the primary picture is made.
pub(super) fn read(file: &[u8]) -> Result<Recipe<'_>, Reason> {
    let mut body = Bytes(file).find(b"meta").ok_or_else(|| broken("it has no meta box"))?;
    body.full();
    let primary = primary_item(body).ok_or_else(|| broken("it names no primary picture"))?;
    let meta = Meta::read(file, body).ok_or_else(|| broken("its boxes are cut short"))?;
    meta.recipe(primary)
}

fn primary_item(meta: Bytes<'_>) -> Option<u32> {
    let mut pitm = meta.find(b"pitm")?;
    let (version, _) = pitm.full()?;
    pitm.uint(if version == 0 { 2 } else { 4 }).map(|id| id as u32)
}

impl<'a> Meta<'a> {
    fn read(file: &'a [u8], meta: Bytes<'a>) -> Option<Self> {
        let iprp = meta.find(b"iprp")?;
        let mut properties = Vec::new();
        let mut ipco = iprp.find(b"ipco")?;
        while let Some(property) = ipco.next_box() {
            properties.push(property);
            if properties.len() > MOST_ITEMS {
                return None;
            }
        }
        Some(Self {
            file,
            idat: meta.find(b"idat").map(|b| b.0),
            kinds: kinds(meta.find(b"iinf")?)?,
            places: places(meta.find(b"iloc")?)?,
            properties,
            owned: owned(iprp)?,
            derived: meta.find(b"iref").map_or_else(|| Some(HashMap::new()), derived)?,
        })
    }

    fn recipe(&self, primary: u32) -> Result<Recipe<'a>, Reason> {
        let own = self.properties_of(primary);
        let mut recipe = Recipe {
            width: 0,
            height: 0,
            columns: 1,
            tiles: Vec::new(),
            turns: own.iter().filter_map(|&(kind, body)| turn(kind, body)).collect(),
            icc: None,
            nclx: None,
        };
        match self.kinds.get(&primary).copied().unwrap_or_default() {
            b"hvc1" | b"hev1" => recipe.tiles.push(self.tile(primary)?),
            b"grid" => self.grid(primary, &mut recipe)?,
            other => {
                let kind = String::from_utf8_lossy(other).into_owned();
                return Err(refusal::unsupported(&format!("a HEIF picture coded as {kind:?}")));
            }
        }
        if let Some((_, mut ispe)) = own.iter().find(|(kind, _)| *kind == b"ispe").copied() {
            ispe.full();
            let mut side = || ispe.uint(4).unwrap_or(0) as u32;
            let (width, height) = (side(), side());
            if recipe.width == 0 {
                (recipe.width, recipe.height) = (width, height);
            }
        }
        for (_, mut colr) in own.into_iter().filter(|(kind, _)| *kind == b"colr") {
            match colr.take(4) {
                Some(b"prof" | b"rICC") => recipe.icc = Some(colr.0),
                Some(b"nclx") => recipe.nclx = nclx(colr),
                _ => {}
            }
        }
        Ok(recipe)
    }

    /// `ImageGrid` (ISO/IEC 23008-12, 6.6.2.3).
    fn grid(&self, item: u32, recipe: &mut Recipe<'a>) -> Result<(), Reason> {
        let data = self.data(item)?;
        let mut grid = Bytes(&data);
        let mut number = |width| grid.uint(width).ok_or_else(|| broken("its grid is cut short"));
        number(1)?;
        let wide = if number(1)? & 1 == 0 { 2 } else { 4 };
        let (rows, columns) = (number(1)? as usize + 1, number(1)? as usize + 1);
        (recipe.width, recipe.height) = (number(wide)? as u32, number(wide)? as u32);
        recipe.columns = columns;
        let parts = self.derived.get(&item).map(Vec::as_slice).unwrap_or_default();
        if parts.len() != rows * columns {
            return Err(broken("its grid lacks tiles"));
        }
        recipe.tiles = parts.iter().map(|&part| self.tile(part)).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn tile(&self, item: u32) -> Result<Tile<'a>, Reason> {
        let config = self.properties_of(item).into_iter().find(|(kind, _)| *kind == b"hvcC");
        let Some((_, config)) = config else { return Err(broken("a tile lacks its decoder configuration")) };
        Ok(Tile { config: config.0, data: self.data(item)? })
    }

    fn properties_of(&self, item: u32) -> Vec<(&'a [u8], Bytes<'a>)> {
        let indices = self.owned.get(&item).map(Vec::as_slice).unwrap_or_default();
        indices.iter().filter_map(|&i| self.properties.get(i.checked_sub(1)?).copied()).collect()
    }

    fn data(&self, item: u32) -> Result<Cow<'a, [u8]>, Reason> {
        let place = self.places.get(&item).ok_or_else(|| broken("a part has no place in the file"))?;
        let from = if place.in_idat { self.idat.unwrap_or_default() } else { self.file };
        let mut parts = place.extents.iter().map(|&(offset, length)| {
            let start = usize::try_from(offset).ok()?;
            let length = usize::try_from(length).ok()?;
            let end = if length == 0 { from.len() } else { start.checked_add(length)? };
            from.get(start..end)
        });
        let outside = || broken("a part lies outside the file");
        if place.extents.len() == 1 {
            return parts.next().flatten().map(Cow::Borrowed).ok_or_else(outside);
        }
        let mut joined = Vec::new();
        for part in parts {
            joined.extend_from_slice(part.ok_or_else(outside)?);
            if joined.len() > from.len() {
                return Err(broken("its parts overlap"));
            }
        }
        Ok(Cow::Owned(joined))
    }
}

fn turn(kind: &[u8], mut body: Bytes<'_>) -> Option<Turn> {
    let value = body.uint(1)?;
    match kind {
        b"irot" => Some(Turn::Left((value & 3) as u8)),
        b"imir" => Some(if value & 1 == 0 { Turn::FlipRows } else { Turn::FlipColumns }),
        _ => None,
    }
}

fn nclx(mut colr: Bytes<'_>) -> Option<(u16, bool)> {
    colr.uint(4)?; // primaries, transfer
    Some((colr.uint(2)? as u16, colr.uint(1)? & 0x80 != 0))
}

/// `iinf`: item → kind.
fn kinds(mut iinf: Bytes<'_>) -> Option<HashMap<u32, &[u8]>> {
    let (version, _) = iinf.full()?;
    iinf.uint(if version == 0 { 2 } else { 4 })?;
    let mut kinds = HashMap::new();
    while let Some((kind, mut infe)) = iinf.next_box() {
        let (version, _) = infe.full()?;
        if kind == b"infe" && version >= 2 && kinds.len() < MOST_ITEMS {
            let id = infe.uint(if version == 2 { 2 } else { 4 })? as u32;
            infe.uint(2)?;
            kinds.insert(id, infe.take(4)?);
        }
    }
    Some(kinds)
}

/// `iloc`: item → where its bytes lie.
fn places(mut iloc: Bytes<'_>) -> Option<HashMap<u32, Place>> {
    let (version, _) = iloc.full()?;
    let widths = iloc.uint(2)? as usize;
    let (offset, length, base) = (widths >> 12, widths >> 8 & 15, widths >> 4 & 15);
    let index = if version == 0 { 0 } else { widths & 15 };
    if [offset, length, base, index].iter().any(|width| *width > 8) {
        return None;
    }
    let count = iloc.uint(if version < 2 { 2 } else { 4 })? as usize;
    let mut places = HashMap::new();
    for _ in 0..count.min(MOST_ITEMS) {
        let id = iloc.uint(if version < 2 { 2 } else { 4 })? as u32;
        let method = if version == 0 { 0 } else { iloc.uint(2)? & 15 };
        iloc.uint(2)?; // data reference: always this file
        let base = iloc.uint(base)?;
        let mut extents = Vec::new();
        for _ in 0..iloc.uint(2)? {
            iloc.uint(index)?;
            extents.push((base.checked_add(iloc.uint(offset)?)?, iloc.uint(length)?));
        }
        places.insert(id, Place { in_idat: method == 1, extents });
    }
    Some(places)
}

/// `ipma`: item → its properties, in the order they apply; numbered from one.
fn owned(mut iprp: Bytes<'_>) -> Option<HashMap<u32, Vec<usize>>> {
    let mut owned = HashMap::new();
    while let Some((kind, mut ipma)) = iprp.next_box() {
        if kind != b"ipma" {
            continue;
        }
        let (version, flags) = ipma.full()?;
        for _ in 0..ipma.uint(4)?.min(MOST_ITEMS as u64) {
            let id = ipma.uint(if version == 0 { 2 } else { 4 })? as u32;
            let properties: &mut Vec<usize> = owned.entry(id).or_default();
            for _ in 0..ipma.uint(1)? {
                let index = if flags & 1 == 0 { ipma.uint(1)? & 0x7f } else { ipma.uint(2)? & 0x7fff };
                properties.push(index as usize);
            }
        }
    }
    Some(owned)
}

/// `iref` `dimg`: derived item → its parts.
fn derived(mut iref: Bytes<'_>) -> Option<HashMap<u32, Vec<u32>>> {
    let (version, _) = iref.full()?;
    let width = if version == 0 { 2 } else { 4 };
    let mut derived = HashMap::new();
    while let Some((kind, mut from)) = iref.next_box() {
        if kind == b"dimg" {
            let id = from.uint(width)? as u32;
            let count = from.uint(2)?;
            let parts =
                (0..count).map(|_| from.uint(width).map(|to| to as u32)).collect::<Option<Vec<_>>>()?;
            derived.insert(id, parts);
        }
    }
    Some(derived)
}
