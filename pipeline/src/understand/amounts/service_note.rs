//! A Brazilian service note is worth what is paid for it: the services less the taxes that the taker keeps back.

use std::sync::LazyLock;

use super::{
    columns,
    figures::Figures,
    words::{Role, plain, role_of},
};
use crate::{
    knowledge::{self, Phrases},
    understand::sheet::Sheet,
};

fn phrases(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/service_notes.tsv"), role)
}

static NOTE: Phrases = LazyLock::new(|| phrases("note"));
static NET: Phrases = LazyLock::new(|| phrases("net"));

/// How sure it is that the sum before what is kept back is no total.
const GROSS: f32 = 0.9;

/// Takes what a note calls net for its total, and the other sums for what it is made of. Where something is kept back and
/// nothing is called net, nobody knows which of its sums is paid.
pub(super) fn settle(figures: &mut Figures, sheet: &Sheet) {
    if !sheet.says(&NOTE) {
        return;
    }
    let is_net = |row: usize| {
        let label = sheet.rows.get(row).map(|r| plain(&r.folded)).unwrap_or_default();
        label.split(' ').any(|word| NET.contains(&word))
    };
    let sum = |role: Option<(Role, f32)>| matches!(role, Some((Role::Total | Role::Due | Role::Net, _)));
    let alone = |n: usize| {
        let row = |n: Option<usize>| n.and_then(|n| figures.all.get(n)).map(|f| f.row);
        row(n.checked_sub(1)) != row(Some(n)) && row(n.checked_add(1)) != row(Some(n))
    };
    // In the boxes of the national form the word stands over the amount.
    let boxed = |n: usize| {
        let head = columns::head(sheet, &figures.all[n]).map(|head| plain(&head.folded)).unwrap_or_default();
        sum(role_of(&head)) && head.split(' ').any(|word| NET.contains(&word))
    };
    let all = 0..figures.all.len();
    let is_net = |n: &usize| sum(figures.all[*n].role) && alone(*n) && is_net(figures.all[*n].row);
    let net: Vec<usize> = all.filter(|n| is_net(n) || boxed(*n)).collect();
    let kept = figures.all.iter().any(|f| matches!(f.role, Some((Role::Withheld, _))) && f.units != 0);
    if net.is_empty() {
        figures.torn |= kept && !sheet.says(&NET);
        return;
    }
    for (n, figure) in figures.all.iter_mut().enumerate() {
        match figure.role {
            _ if net.contains(&n) => (figure.role, figure.column) = (Some((Role::Total, 1.0)), (1, 0)),
            Some((Role::Total | Role::Due, weight)) => figure.role = Some((Role::Net, weight.min(GROSS))),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::amounts::{Sums, sums, tests::sheet};

    fn read(text: &str) -> Sums {
        sums(&sheet(text), 2)
    }

    #[test]
    fn a_note_is_worth_what_is_paid_for_it() {
        for (gross, kept, net) in [
            ("VALOR TOTAL DO SERVIÇO", "ISS RETIDO", "VALOR LÍQUIDO"),
            ("Valor Total da Nota", "ISSQN retido na fonte", "Valor líquido da NFS-e"),
            ("Valor dos serviços", "Total das retenções", "Líquido a receber"),
            ("VALOR TOTAL DA NFS-e", "Retenção ISS", "Valor Liq. da Nota"),
        ] {
            let found = read(&format!(
                "NOTA FISCAL DE SERVIÇOS ELETRÔNICA - NFS-e\nDesenvolvimento de sistemas\n\
                 {gross}     R$ 1.000,00\n{kept}     R$ 50,00\n{net}     R$ 950,00\n"
            ));
            let total = found.total.expect("a total");
            assert_eq!(total.amount.to_decimal(), "950.00", "{net}");
            assert!(total.confidence > 0.8, "{net}: {}", total.confidence);
        }
    }

    #[test]
    fn the_national_form_says_it_over_the_amount() {
        let found = read(
            "DANFSe v2.0\nDocumento Auxiliar da NFS-e\nVALOR TOTAL DA NFS-e     R$ 1.000,00\n\
             Total das Retenções     Valor Líquido da NFS-e\nR$ 115,00               R$ 885,00\n",
        );
        assert_eq!(found.total.map(|t| t.amount.to_decimal()).as_deref(), Some("885.00"));
    }

    #[test]
    fn where_nothing_is_called_net_nobody_knows() {
        let text = "NOTA FISCAL DE SERVIÇOS\nValor total da nota     R$ 1.000,00\nISS retido     R$ 50,00\n";
        assert!(read(text).total.expect("a total").confidence <= 0.6);
        // Nothing is kept back, or it is no such note.
        for text in [text.replace("50,00", "0,00"), text.replace("DE SERVIÇOS", "")] {
            assert!(read(&text).total.expect("a total").confidence > 0.75, "{text}");
        }
    }

    #[test]
    fn every_role_of_the_file_is_read() {
        let text = include_str!("../data/service_notes.tsv");
        knowledge::assert_read(text, &[&NOTE, &NET]);
        knowledge::assert_folded(text);
    }
}
