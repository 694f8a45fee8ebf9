//! A page of keys, read from no more folders than it takes: `s3s-fs` looks at every file there is for each page, which a
//! store of a million files does not bear.

use std::{io, path::Path, time::SystemTime};

/// One file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub key: String,
    pub size_bytes: u64,
    pub modified: SystemTime,
}

/// What is looked for: keys that begin with `prefix`, after `after`, at most `most`.
#[derive(Debug)]
pub(super) struct Wanted {
    pub prefix: String,
    pub after: String,
    pub most: usize,
}

/// The keys under `bucket`, in order, and whether there are more.
pub(super) fn list(bucket: &Path, wanted: &Wanted) -> io::Result<(Vec<Found>, bool)> {
    let mut found = Vec::new();
    walk(bucket, "", wanted, &mut found)?;
    let more = found.len() > wanted.most;
    found.truncate(wanted.most);
    Ok((found, more))
}

fn walk(folder: &Path, at: &str, wanted: &Wanted, found: &mut Vec<Found>) -> io::Result<()> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_folder = entry.file_type()?.is_dir();
        // With its slash a folder sorts as the keys in it do.
        let key = format!("{at}{name}{}", if is_folder { "/" } else { "" });
        let may_hold = key.starts_with(&wanted.prefix) || is_folder && wanted.prefix.starts_with(&key);
        let is_before = key <= wanted.after && !(is_folder && wanted.after.starts_with(&key));
        if may_hold && !is_before {
            names.push((key, is_folder, entry));
        }
    }
    names.sort_by(|a, b| a.0.cmp(&b.0));
    for (key, is_folder, entry) in names {
        if found.len() > wanted.most {
            break;
        }
        if is_folder {
            walk(&entry.path(), &key, wanted, found)?;
            continue;
        }
        match entry.metadata() {
            Ok(meta) => found.push(Found { key, size_bytes: meta.len(), modified: meta.modified()? }),
            // Deleted in the meantime.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_every_key_once_and_in_order() {
        let root = tempfile::tempdir().unwrap();
        let mut keys: Vec<String> = Vec::new();
        for folder in ["documents/a", "documents/a-b", "documents/b/c", "incoming"] {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
            for name in ["1", "2", "z"] {
                keys.push(format!("{folder}/{name}"));
            }
        }
        keys.push("documents/a.txt".to_owned());
        for key in &keys {
            std::fs::write(root.path().join(key), b"x").unwrap();
        }
        keys.retain(|key| key.starts_with("documents/"));
        keys.sort();
        for most in 1..6 {
            let (mut all, mut after) = (Vec::new(), String::new());
            loop {
                let wanted = Wanted { prefix: "documents/".to_owned(), after: after.clone(), most };
                let (page, more) = list(root.path(), &wanted).unwrap();
                all.extend(page.into_iter().map(|f| f.key));
                after = all.last().unwrap().clone();
                if !more {
                    break;
                }
            }
            assert_eq!(all, keys, "{most} at a time");
        }
    }
}
