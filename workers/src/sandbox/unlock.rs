//! A PDF that needs a password, opened with it, inside the child: what comes out is read as if it had come so.

use lopdf::{Document, LoadOptions};

/// The PDF without its lock; `None` where it is none, or the password does not open it.
pub(super) fn unlocked(bytes: &[u8], password: &str) -> Option<Vec<u8>> {
    let mut document = Document::load_mem_with_options(bytes, LoadOptions::with_password(password)).ok()?;
    // What a wrong password leaves is still locked.
    if document.is_encrypted() && document.encryption_state.is_none() {
        return None;
    }
    document.trailer.remove(b"Encrypt");
    document.encryption_state = None;
    let mut plain = Vec::with_capacity(bytes.len());
    document.save_to(&mut plain).ok()?;
    Some(plain)
}

#[cfg(test)]
mod tests {
    use lopdf::{
        EncryptionState, EncryptionVersion, Object, Permissions, Stream,
        content::{Content, Operation},
        dictionary,
    };

    use super::*;

    fn locked(password: &str) -> Vec<u8> {
        let mut document = Document::with_version("1.5");
        let pages = document.new_object_id();
        let font = document.add_object(dictionary! {
            "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica",
        });
        let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
        let font_of = Operation::new("Tf", vec!["F1".into(), 12.into()]);
        let text = Operation::new("Tj", vec![Object::string_literal("FACTURA 7")]);
        let drawn = Content {
            operations: vec![Operation::new("BT", vec![]), font_of, text, Operation::new("ET", vec![])],
        };
        let content = document.add_object(Stream::new(dictionary! {}, drawn.encode().unwrap()));
        let page = document.add_object(dictionary! {
            "Type" => "Page", "Parent" => pages, "Contents" => content, "Resources" => resources,
            "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        });
        let kids = dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 };
        document.objects.insert(pages, Object::Dictionary(kids));
        let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
        document.trailer.set("Root", catalog);
        let id = Object::string_literal("an id of sixteen");
        document.trailer.set("ID", vec![id.clone(), id]);
        let version = EncryptionVersion::V2 {
            document: &document,
            owner_password: "owner",
            user_password: password,
            key_length: 128,
            permissions: Permissions::all(),
        };
        let state = EncryptionState::try_from(version).unwrap();
        document.encrypt(&state).unwrap();
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_right_password_opens_and_a_wrong_one_does_not() {
        let file = locked("abril-77");
        assert!(Document::load_mem(&file).is_ok_and(|d| d.is_encrypted()));
        assert_eq!(unlocked(&file, "mayo-77"), None);
        let plain = unlocked(&file, "abril-77").expect("it opens");
        let document = Document::load_mem(&plain).unwrap();
        assert!(!document.is_encrypted());
        let text = document.extract_text(&[1]).unwrap();
        assert!(text.contains("FACTURA 7"), "{text}");
        assert_eq!(unlocked(b"no PDF", "abril-77"), None);
    }
}
