//! The last blocks of the branch we follow, to find where another branch left it.

use std::collections::VecDeque;

use alloy::primitives::B256;

use super::BlockRef;

/// The newest canonical blocks, oldest first, without a gap, never empty.
#[derive(Debug, Clone)]
pub struct Ring {
    blocks: VecDeque<BlockRef>,
    size: usize,
}

impl Ring {
    /// A ring from stored blocks in rising order. `None` if there are none or heights are missing.
    pub fn new(blocks: impl IntoIterator<Item = BlockRef>, size: usize) -> Option<Self> {
        let blocks: VecDeque<_> = blocks.into_iter().collect();
        let whole = blocks
            .iter()
            .zip(blocks.iter().skip(1))
            .all(|(a, b)| a.no + 1 == b.no);
        (whole && !blocks.is_empty()).then_some(Self { blocks, size })
    }

    /// The newest block.
    pub fn tip(&self) -> BlockRef {
        self.blocks[self.blocks.len() - 1]
    }

    /// The oldest block: a fork below it cannot be followed.
    pub fn oldest(&self) -> BlockRef {
        self.blocks[0]
    }

    /// How many blocks can be remembered.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether this very block is on our branch.
    pub fn contains(&self, block: BlockRef) -> bool {
        self.hash(block.no) == Some(block.hash)
    }

    /// Our block at this height.
    pub fn hash(&self, no: u64) -> Option<B256> {
        let offset = no.checked_sub(self.oldest().no)?;
        self.blocks
            .get(usize::try_from(offset).ok()?)
            .map(|block| block.hash)
    }

    /// Forgets everything above `ancestor`, which stays even when it is the oldest.
    pub fn truncate(&mut self, ancestor: BlockRef) {
        while self.blocks.len() > 1 && self.tip().no > ancestor.no {
            self.blocks.pop_back();
        }
    }

    /// Appends the child of the tip and forgets the oldest block beyond the size.
    pub fn push(&mut self, block: BlockRef) {
        self.blocks.push_back(block);
        // The tip and `size` blocks below it.
        while self.blocks.len() > self.size + 1 {
            self.blocks.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(no: u64) -> BlockRef {
        BlockRef {
            no,
            hash: B256::repeat_byte(no as u8),
        }
    }

    #[test]
    fn a_ring_keeps_the_newest_blocks_and_forgets_a_rolled_back_branch() {
        let mut ring = Ring::new([block(0)], 3).unwrap();
        (1..=9).for_each(|no| ring.push(block(no)));
        assert_eq!((ring.oldest(), ring.tip()), (block(6), block(9)));
        assert!(ring.contains(block(7)) && !ring.contains(block(5)) && !ring.contains(block(10)));
        assert!(!ring.contains(BlockRef {
            no: 7,
            hash: B256::ZERO
        }));
        ring.truncate(block(7));
        assert_eq!(ring.tip(), block(7));
        assert_eq!(ring.hash(8), None);
    }

    #[test]
    fn stored_blocks_with_a_gap_are_no_ring() {
        assert!(Ring::new([block(1), block(3)], 3).is_none());
        assert!(Ring::new([], 3).is_none());
    }
}
