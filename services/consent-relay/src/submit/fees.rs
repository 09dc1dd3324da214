//! What a transaction offers for its gas (EIP-1559), and how the offer grows while nobody takes it. Pure.

use super::node::View;

/// Wei for a unit of gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// At most, base fee and tip together.
    pub max: u64,
    /// The tip.
    pub tip: u64,
}

impl Fees {
    /// An offer that stays good while the base fee doubles, within the cap.
    pub fn market(view: &View, cap: u64) -> Self {
        let max = (2 * view.base_fee).saturating_add(view.tip);
        let max = u64::try_from(max).unwrap_or(u64::MAX).clamp(1, cap);
        let tip = u64::try_from(view.tip).unwrap_or(u64::MAX).min(max);
        Self { max, tip }
    }

    /// An offer in place of this one, which has not been taken. Nodes ask for a tenth more of both; it is an eighth
    /// more, or what the market is at. None when that is beyond the cap.
    pub fn raised(self, market: Self, cap: u64) -> Option<Self> {
        let more = |fee: u64| fee.saturating_add(fee / 8).saturating_add(1);
        let max = more(self.max).max(market.max);
        let tip = more(self.tip).max(market.tip);
        (max <= cap && tip <= max).then_some(Self { max, tip })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(base_fee: u128, tip: u128) -> View {
        View {
            head: 0,
            head_hash: Default::default(),
            final_height: 0,
            base_fee,
            tip,
            confirmed: 0,
            confirmed_finally: 0,
            balance: 0,
        }
    }

    #[test]
    fn the_first_offer_covers_a_doubled_base_fee_and_never_exceeds_the_cap() {
        assert_eq!(Fees::market(&view(100, 5), 1000), Fees { max: 205, tip: 5 });
        assert_eq!(
            Fees::market(&view(1000, 700), 500),
            Fees { max: 500, tip: 500 }
        );
        let huge = view(u128::MAX / 4, u128::MAX);
        assert_eq!(Fees::market(&huge, 500), Fees { max: 500, tip: 500 });
        assert_eq!(Fees::market(&view(0, 0), 500), Fees { max: 1, tip: 0 });
    }

    #[test]
    fn a_raised_offer_is_more_than_a_tenth_above_the_last_in_both_parts() {
        let mut fees = Fees { max: 7, tip: 0 };
        let market = Fees { max: 3, tip: 1 };
        for _ in 0..100 {
            let Some(raised) = fees.raised(market, 10_000) else {
                return;
            };
            assert!(raised.max * 10 > fees.max * 11 && raised.tip * 10 > fees.tip * 11);
            assert!(raised.tip <= raised.max);
            fees = raised;
        }
        panic!("the cap was never reached");
    }

    #[test]
    fn a_raised_offer_follows_the_market() {
        let old = Fees { max: 100, tip: 1 };
        let market = Fees { max: 900, tip: 50 };
        assert_eq!(old.raised(market, 1000), Some(market));
        assert_eq!(old.raised(market, 899), None);
    }
}
