//! XML as a small tree: no entities but the five of XML itself, no DTD, capped in depth and size.

use quick_xml::{Reader, events::Event};

/// Deepest nesting that is followed.
const DEPTH: usize = 48;
/// Most elements of one document.
const ELEMENTS: usize = 200_000;
/// Most attributes of one element.
const ATTRIBUTES: usize = 256;

/// One element, named without its prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// Local name.
    pub name: String,
    /// Attributes by local name.
    pub attributes: Vec<(String, String)>,
    /// Its own text, trimmed.
    pub text: String,
    /// Elements inside.
    pub children: Vec<Node>,
}

/// Why XML was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A document type declaration may define entities; none of our dialects needs one.
    #[error("the XML has a document type declaration")]
    Doctype,
    /// An entity other than XML's own five.
    #[error("the XML uses an entity of its own")]
    Entity,
    /// Too deep, or too many elements or attributes.
    #[error(
        "the XML is nested deeper than {DEPTH}, or has more than {ELEMENTS} elements or {ATTRIBUTES} attributes of one"
    )]
    TooBig,
    /// Not well formed.
    #[error("the XML is not well formed: {0}")]
    Malformed(String),
}

impl Node {
    /// The first child of that name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.name == name)
    }

    /// All children of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// The element at the end of a path of names.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.child(name))
    }

    /// The text at the end of a path; `None` when empty.
    #[must_use]
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(|n| n.text.as_str()).filter(|t| !t.is_empty())
    }

    /// An attribute; `None` when empty.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    /// An attribute whatever the case of its name (CFDI 3.2 writes `total`, 4.0 `Total`).
    #[must_use]
    pub fn attribute_like(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    /// All elements of that name at any depth, but none inside another.
    #[must_use]
    pub fn deep(&self, name: &str) -> Vec<&Self> {
        self.children.iter().flat_map(|c| if c.name == name { vec![c] } else { c.deep(name) }).collect()
    }

    /// The first element of that name at any depth of which `wanted` holds.
    #[must_use]
    pub fn deep_where(&self, name: &str, wanted: fn(&Self) -> bool) -> Option<&Self> {
        self.children
            .iter()
            .find_map(|c| if c.name == name && wanted(c) { Some(c) } else { c.deep_where(name, wanted) })
    }
}

fn malformed(e: impl std::fmt::Display) -> Refused {
    Refused::Malformed(e.to_string().chars().take(120).collect())
}

fn element(start: &quick_xml::events::BytesStart<'_>) -> Result<Node, Refused> {
    let mut node =
        Node { name: String::from_utf8_lossy(start.local_name().as_ref()).into_owned(), ..Node::default() };
    for (count, attribute) in start.attributes().enumerate() {
        if count == ATTRIBUTES {
            return Err(Refused::TooBig);
        }
        let attribute = attribute.map_err(malformed)?;
        let name = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
        let raw = String::from_utf8_lossy(&attribute.value);
        let value = quick_xml::escape::unescape(&raw).map_err(|_| Refused::Entity)?;
        node.attributes.push((name, value.trim().to_owned()));
    }
    Ok(node)
}

fn reference(r: &quick_xml::events::BytesRef<'_>) -> Result<char, Refused> {
    if let Some(c) = r.resolve_char_ref().map_err(malformed)? {
        return Ok(c);
    }
    match &**r {
        b"amp" => Ok('&'),
        b"lt" => Ok('<'),
        b"gt" => Ok('>'),
        b"quot" => Ok('"'),
        b"apos" => Ok('\''),
        _ => Err(Refused::Entity),
    }
}

/// Reads a whole document.
///
/// # Errors
/// Anything that is not plain, well-formed XML within the caps.
pub fn parse(xml: &str) -> Result<Node, Refused> {
    let mut reader = Reader::from_str(xml.trim_start_matches('\u{feff}'));
    let mut open: Vec<Node> = vec![Node::default()];
    let mut elements = 0;
    loop {
        match reader.read_event().map_err(malformed)? {
            Event::Start(start) => {
                elements += 1;
                if elements > ELEMENTS || open.len() > DEPTH {
                    return Err(Refused::TooBig);
                }
                open.push(element(&start)?);
            }
            Event::Empty(start) => {
                elements += 1;
                if elements > ELEMENTS {
                    return Err(Refused::TooBig);
                }
                let node = element(&start)?;
                if let Some(top) = open.last_mut() {
                    top.children.push(node);
                }
            }
            Event::End(_) => close(&mut open)?,
            Event::Text(text) => push(&mut open, &String::from_utf8_lossy(&text)),
            Event::CData(text) => push(&mut open, &String::from_utf8_lossy(&text)),
            Event::GeneralRef(r) => push(&mut open, reference(&r)?.encode_utf8(&mut [0; 4])),
            Event::DocType(_) => return Err(Refused::Doctype),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    if open.len() != 1 {
        return Err(malformed("it ends inside an element"));
    }
    let root = open.pop().and_then(|top| top.children.into_iter().next());
    root.ok_or_else(|| malformed("it has no element"))
}

fn push(open: &mut [Node], text: &str) {
    if let Some(top) = open.last_mut() {
        top.text.push_str(text);
    }
}

fn close(open: &mut Vec<Node>) -> Result<(), Refused> {
    let Some(mut node) = open.pop() else { return Err(malformed("an end without a start")) };
    let Some(parent) = open.last_mut() else { return Err(malformed("an end without a start")) };
    node.text = node.text.trim().to_owned();
    parent.children.push(node);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_text_attributes_and_cdata() {
        let root = parse("<?xml version='1.0'?><a:r xmlns:a='u' k='1 &amp; 2'><a:b> x &lt;&#65; </a:b><c><![CDATA[<z/>]]></c><d/></a:r>")
            .expect("well formed");
        assert_eq!(root.name, "r");
        assert_eq!(root.attribute("k"), Some("1 & 2"));
        assert_eq!(root.text_at(&["b"]), Some("x <A"));
        assert_eq!(root.text_at(&["c"]), Some("<z/>"));
        assert!(root.child("d").is_some());
    }

    #[test]
    fn refuses_doctypes_entities_and_depth() {
        assert_eq!(parse("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"), Err(Refused::Doctype));
        assert_eq!(parse("<a>&x;</a>"), Err(Refused::Entity));
        assert_eq!(parse("<a b='&x;'/>"), Err(Refused::Entity));
        assert_eq!(parse(&"<a>".repeat(100)), Err(Refused::TooBig));
        let many: String = (0..300).map(|i| format!(" a{i}='1'")).collect();
        assert_eq!(parse(&format!("<a{many}/>")), Err(Refused::TooBig));
        assert!(matches!(parse("<a><b></a>"), Err(Refused::Malformed(_))));
        assert!(matches!(parse(""), Err(Refused::Malformed(_))));
        assert!(matches!(parse("<a>"), Err(Refused::Malformed(_))));
    }

    proptest! {
        #[test]
        fn never_panics(xml in "[<>a-c/ &;'\"=!\\[\\]?#x0-9-]{0,200}") {
            let _ = parse(&xml);
        }
    }
}
