//! Pages bound into one file: a PDF of pictures, ours to read again. The pictures are those that the sandbox made.

use bytes::Bytes;

/// A page.
pub(super) struct Page {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Its picture.
    pub jpeg: Bytes,
}

/// What a pixel is on the page, in points, and how large a page can be (PDF's own limit is 14,400).
const POINTS_A_PIXEL: f64 = 0.24;

/// A PDF with a page a picture.
pub(super) fn pdf(pages: &[Page]) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut places = Vec::new();
    let mut object = |file: &mut Vec<u8>, head: &str, stream: Option<&[u8]>| {
        places.push(file.len());
        file.extend_from_slice(format!("{} 0 obj\n{head}\n", places.len()).as_bytes());
        if let Some(stream) = stream {
            file.extend_from_slice(b"stream\n");
            file.extend_from_slice(stream);
            file.extend_from_slice(b"\nendstream\n");
        }
        file.extend_from_slice(b"endobj\n");
    };
    let kids: Vec<String> = (0..pages.len()).map(|n| format!("{} 0 R", 3 + 3 * n)).collect();
    object(&mut file, "<</Type/Catalog/Pages 2 0 R>>", None);
    let tree = format!("<</Type/Pages/Kids[{}]/Count {}>>", kids.join(" "), pages.len());
    object(&mut file, &tree, None);
    for (n, page) in pages.iter().enumerate() {
        let (content, picture) = (4 + 3 * n, 5 + 3 * n);
        let (wide, high) = (f64::from(page.width) * POINTS_A_PIXEL, f64::from(page.height) * POINTS_A_PIXEL);
        let leaf = format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 {wide:.2} {high:.2}]/Contents {content} 0 R\
             /Resources<</XObject<</P {picture} 0 R>>>>>>"
        );
        object(&mut file, &leaf, None);
        let drawn = format!("q {wide:.2} 0 0 {high:.2} 0 0 cm /P Do Q");
        object(&mut file, &format!("<</Length {}>>", drawn.len()), Some(drawn.as_bytes()));
        let head = format!(
            "<</Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace/DeviceRGB/BitsPerComponent 8\
             /Filter/DCTDecode/Length {}>>",
            page.width,
            page.height,
            page.jpeg.len()
        );
        object(&mut file, &head, Some(&page.jpeg));
    }
    let table = file.len();
    file.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).as_bytes());
    for place in &places {
        file.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let end = format!("trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n", places.len() + 1);
    file.extend_from_slice(end.as_bytes());
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_bound_is_a_pdf_with_its_pictures_in_order() {
        let page = |text: &'static str, width| Page {
            width,
            height: 500,
            jpeg: Bytes::from_static(text.as_bytes()),
        };
        let file = pdf(&[page("front", 1_000), page("back", 700)]);
        let document = lopdf::Document::load_mem(&file).unwrap();
        let pages = document.get_pages();
        assert_eq!(pages.len(), 2);
        for (number, (wide, picture)) in [(1, (240.0, "front")), (2, (168.0, "back"))] {
            let leaf = document.get_dictionary(pages[&number]).unwrap();
            let media_box = leaf.get(b"MediaBox").unwrap().as_array().unwrap();
            assert!((media_box[2].as_float().unwrap() - wide).abs() < 0.01);
            let resources = leaf.get(b"Resources").unwrap().as_dict().unwrap();
            let images = resources.get(b"XObject").unwrap().as_dict().unwrap();
            let image = images.get(b"P").unwrap().as_reference().unwrap();
            let stream = document.get_object(image).unwrap().as_stream().unwrap();
            assert_eq!(stream.content, picture.as_bytes());
        }
    }
}
