//! The invoices, and what became of their money.

use super::inputs::Map;
use crate::{
    data::{Data, Record as _, record, records::Text},
    model::{
        decimal::{self, Decimal},
        time::{Instant, Stamp},
    },
};
use anyhow::{Context as _, Result};
use std::collections::HashSet;

record! {
    /// Of an invoice what prorate needs.
    Bill of "invoices" {
        invoice_id: Text,
        account_id: Text,
        subscription_id: Option<Text>,
        status: Text,
        issued_at: Option<Instant>,
        total: Decimal,
        paid_at: Option<Instant>,
        period_start: Option<Stamp>,
        period_end: Option<Stamp>,
    }
}

record! {
    /// Of a payment what prorate needs.
    Paid of "payments" {
        invoice_id: Option<Text>,
        status: Text,
        attempted_at: Instant,
        amount: Option<Decimal>,
    }
}

/// What became of an invoice's money.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Collected {
    pub succeeded: Decimal,
    pub refunded: Decimal,
    /// The first attempt that succeeded.
    pub first: Option<Instant>,
}

impl Collected {
    fn of(paid: &Paid) -> Collected {
        let amount = paid.amount.unwrap_or_default().abs();
        match &*paid.status {
            "succeeded" => {
                Collected { succeeded: amount, first: Some(paid.attempted_at), ..Collected::default() }
            }
            "refunded" => Collected { refunded: amount, ..Collected::default() },
            _ => Collected::default(),
        }
    }

    fn add(&mut self, other: Collected) -> Result<()> {
        let sum = |a, b| decimal::add(a, b).context("payments are too large to be summed");
        self.succeeded = sum(self.succeeded, other.succeeded)?;
        self.refunded = sum(self.refunded, other.refunded)?;
        self.first = [self.first, other.first].into_iter().flatten().min();
        Ok(())
    }
}

/// The invoices by id and by account.
#[derive(Default)]
pub(super) struct Bills {
    list: Vec<Bill>,
    places: Map<Text, u32>,
    /// Those that are not void, by account, in the order of their ids.
    by_account: Map<Text, Vec<u32>>,
    /// Of each invoice; `None` where no payment names it.
    collected: Vec<Option<Collected>>,
    /// Of invoices that were not exported.
    elsewhere: Map<Text, Collected>,
}

impl Bills {
    /// The invoices alone.
    pub(super) fn load(data: &Data<'_>) -> Result<Bills> {
        let pieces = data.fold(
            Vec::new,
            |list, bill: Bill| {
                list.push(bill);
                Ok(())
            },
            |list, cells| {
                list.push(Bill::read(cells)?);
                Ok(())
            },
        )?;
        let mut list = Vec::with_capacity(pieces.iter().map(Vec::len).sum());
        list.extend(pieces.into_iter().flatten());
        let places = (0u32..).zip(&list).map(|(n, bill)| (bill.invoice_id, n)).collect();
        Ok(Bills { list, places, ..Bills::default() })
    }

    /// Finds the invoices of these accounts.
    pub(super) fn group(&mut self, accounts: &HashSet<Text, foldhash::fast::RandomState>) {
        for (n, bill) in (0u32..).zip(&self.list) {
            if &*bill.status != "void" && accounts.contains(&bill.account_id) {
                self.by_account.entry(bill.account_id).or_default().push(n);
            }
        }
        for places in self.by_account.values_mut() {
            places.sort_by_key(|&n| self.list[n as usize].invoice_id);
        }
    }

    /// Reads what became of their money.
    pub(super) fn collect(&mut self, data: &Data<'_>) -> Result<()> {
        let add = |list: &mut Vec<(Text, Collected)>, paid: Paid| {
            list.extend(paid.invoice_id.map(|id| (id, Collected::of(&paid))));
            Ok(())
        };
        let pieces = data.fold(Vec::new, add, |list, cells| add(list, Paid::read(cells)?))?;
        self.collected.resize(self.list.len(), None);
        for (id, one) in pieces.into_iter().flatten() {
            match self.places.get(&id) {
                Some(&n) => self.collected[n as usize].get_or_insert_default().add(one)?,
                None => self.elsewhere.entry(id).or_default().add(one)?,
            }
        }
        Ok(())
    }

    /// The invoice of an id.
    pub(super) fn get(&self, id: &Text) -> Option<&Bill> {
        self.places.get(id).map(|&n| &self.list[n as usize])
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Bill] {
        &self.list
    }

    /// An account's, those that are void apart.
    pub(super) fn of_account(&self, account: &Text) -> impl Iterator<Item = &Bill> {
        self.by_account.get(account).into_iter().flatten().map(|&n| &self.list[n as usize])
    }

    /// What became of an invoice's money; `None` where no payment names it.
    pub(super) fn collected(&self, id: &Text) -> Option<Collected> {
        match self.places.get(id) {
            Some(&n) => self.collected.get(n as usize).copied().flatten(),
            None => self.elsewhere.get(id).copied(),
        }
    }
}
