//! Which nonces are free. Pure.

use std::collections::BTreeSet;

/// The lowest nonce that is neither on the chain nor under way.
pub fn next(confirmed: u64, under_way: &BTreeSet<u64>) -> u64 {
    let mut nonce = confirmed;
    while under_way.contains(&nonce) {
        nonce += 1;
    }
    nonce
}

/// Nonces that nothing is under way for although something is for a later one: nothing later is mined before them.
pub fn gaps(confirmed: u64, under_way: &BTreeSet<u64>) -> Vec<u64> {
    let Some(last) = under_way.last() else {
        return Vec::new();
    };
    (confirmed..*last)
        .filter(|nonce| !under_way.contains(nonce))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_transaction_takes_the_lowest_free_nonce_so_that_gaps_close_first() {
        let under_way = |nonces: &[u64]| nonces.iter().copied().collect::<BTreeSet<_>>();
        assert_eq!(next(5, &under_way(&[])), 5);
        assert_eq!(next(5, &under_way(&[5, 6])), 7);
        assert_eq!(next(5, &under_way(&[6, 8])), 5);
        assert_eq!(gaps(5, &under_way(&[6, 8])), [5, 7]);
        assert!(gaps(5, &under_way(&[5, 6])).is_empty());
        assert!(gaps(5, &under_way(&[])).is_empty());
    }
}
