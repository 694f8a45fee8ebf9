use super::*;

fn good(list: &List) -> Vec<&NewCustomer> {
    list.lines.iter().filter_map(|l| l.said.as_ref().ok()).collect()
}

fn refused(list: &List) -> Vec<(u64, &str)> {
    list.lines.iter().filter_map(|l| l.said.as_ref().err().map(|why| (l.number, why.as_str()))).collect()
}

#[test]
fn reads_headers_as_people_write_them() {
    let csv = "\u{feff}Código;Razão social;Telefone celular;CNPJ/CPF;E-mail\n\
               7;Padaria Sol;+55 11 99999-0000;12.345.678/0001-95;sol@example.com\n";
    let list = read(csv.as_bytes()).unwrap();
    let sol = good(&list)[0];
    assert_eq!((sol.name.as_str(), sol.external_id.as_deref()), ("Padaria Sol", Some("7")));
    assert_eq!((sol.tax_ids.len(), sol.phones.len(), sol.emails.len()), (1, 1, 1));
    let spanish = "Nombre,Teléfono móvil,NIT/CC,Correo electrónico,Color preferido\nAna,+34600121001,900121001,a@x.com,azul\n";
    let list = read(spanish.as_bytes()).unwrap();
    assert_eq!(list.unknown_columns, ["Color preferido"]);
    let ana = good(&list)[0];
    assert_eq!((ana.phones.len(), ana.tax_ids.len(), ana.emails.len()), (1, 1, 1));
    let apart = read("Nombres;Apellidos;Celular\nAna;Ñandú;573001112233\n".as_bytes()).unwrap();
    assert_eq!(good(&apart)[0].name, "Ana Ñandú");
}

#[test]
fn every_encoding_a_spreadsheet_saves_is_read() {
    let text = "sep=;\r\nCódigo;Razón social;Teléfono\r\n201;Peñarol Ñandú S.L.;+34 600 112 001\r\n";
    let utf16 = |order: fn(u16) -> [u8; 2], mark: bool| {
        let start = if mark { "\u{feff}" } else { "" };
        format!("{start}{text}").encode_utf16().flat_map(order).collect::<Vec<u8>>()
    };
    let files = [
        text.as_bytes().to_vec(),
        format!("\u{feff}{text}").into_bytes(),
        WINDOWS_1252.encode(text).0.into_owned(),
        utf16(u16::to_le_bytes, true),
        utf16(u16::to_be_bytes, true),
        utf16(u16::to_le_bytes, false),
        text.replace("\r\n", "\r").into_bytes(),
    ];
    for (n, file) in files.iter().enumerate() {
        let list = read(file).unwrap();
        assert_eq!(good(&list).len(), 1, "{n}: {list:?}");
        assert_eq!(good(&list)[0].name, "Peñarol Ñandú S.L.", "{n}");
        assert_eq!((list.lines[0].number, good(&list)[0].external_id.as_deref()), (3, Some("201")), "{n}");
    }
}

#[test]
fn a_number_that_a_spreadsheet_rounded_is_refused() {
    for phone in ["5,73001E+11", "5.73001E+11", "5,73e11", "6E+08"] {
        let list = read(format!("name;phone\nAna;{phone}\nEva;34600111222\n").as_bytes()).unwrap();
        assert_eq!(good(&list).len(), 1, "{phone}");
        assert!(refused(&list)[0].1.contains("rounded"), "{phone}: {list:?}");
    }
    let whole = read(b"name;phone;tax_id\nAna;573001112233.0;B12345678E1\n").unwrap();
    assert_eq!(good(&whole)[0].phones, ["573001112233"]);
}

#[test]
fn a_stray_quote_spoils_its_own_line_and_no_other() {
    let list = read(b"name;phone\nA1;+34600120001\nA2;+34600120002\n\"A3;+34600120003\nA4;+34600120004\nA5;+34600120005\n")
        .unwrap();
    assert_eq!(good(&list).len(), 4);
    assert_eq!(refused(&list), [(4, "a quote opens a text and nothing closes it")]);
    let closed_elsewhere =
        read(b"name;phone\n\"A1;+34600120001\nA2;+34600120002\nA \"3;+34600120003\nA4;+34600120004\n")
            .unwrap();
    assert_eq!(good(&closed_elsewhere).len(), 3);
    assert_eq!(refused(&closed_elsewhere)[0].0, 2);
    let fine =
        read("name;phone\n\"Bar \"\"El Sol\"\"\";600120001\nBar \"La Luna\";600120002\n".as_bytes()).unwrap();
    let names: Vec<_> = good(&fine).iter().map(|c| c.name.clone()).collect();
    assert_eq!(names, ["Bar \"El Sol\"", "Bar \"La Luna\""]);
}

#[test]
fn a_bad_line_is_told_by_number_and_the_others_are_taken() {
    let list = read(b"name,phone\nAna,600111222\n,600111223\nEva,n/a\n\nLuis,600111224|600111225\nX,600111226,600111227\n")
        .unwrap();
    let lines: Vec<u64> = refused(&list).iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [3, 4, 7]);
    assert_eq!(good(&list)[1].phones.len(), 2);
}

#[test]
fn a_list_without_names_is_refused() {
    assert!(read(b"phone\n600111222\n").is_err());
    assert!(read(b"").is_err());
}
