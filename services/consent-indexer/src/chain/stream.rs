//! The chain as a stream of [`Advance`]s, found by polling the head and walking parent hashes.

use std::time::Duration;

use futures::StreamExt as _;
use futures::future::try_join_all;
use thiserror::Error;
use tokio::time::Instant;

use super::headers::Ring;
use super::node::{Node, NodeError};
use super::verify::{self, Header};
use super::{Advance, BlockRef, ChainBlock};

/// Blocks in one step at most.
const MAX_STEP: u64 = 256;
/// Calls under way at once while catching up.
const PARALLEL: usize = 16;
/// A head that is a block we already built on may be a node lagging behind: believing it at once would undo newer
/// stops. It must stay so for this long.
const SHORTER_HEAD_GRACE: Duration = Duration::from_secs(2);

/// Why a poll gave nothing.
#[derive(Debug, Error)]
pub enum StreamError {
    /// Try again.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The chain moved while it was read; try again.
    #[error("the chain changed while it was being read")]
    Moved,
    /// Nothing may be read any more.
    #[error("{0}")]
    Halt(String),
}

impl StreamError {
    /// Whether a reorganisation in this very moment explains it.
    pub fn is_motion(&self) -> bool {
        matches!(self, Self::Moved | Self::Node(NodeError::Missing(_)))
    }
}

/// What a poll found.
#[derive(Debug)]
pub enum Poll {
    /// The tip is the head.
    AtHead,
    /// The head is an ancestor of the tip, for now taken for a lagging node.
    HeadBelowTip,
    /// There is something to apply.
    Advance(Advance),
}

/// Follows one node's head from a remembered tip.
pub struct Follower<'a> {
    node: &'a Node,
    ring: Ring,
    shorter_since: Option<Instant>,
}

impl<'a> Follower<'a> {
    /// Starts at the ring's tip.
    pub fn new(node: &'a Node, ring: Ring) -> Self {
        Self {
            node,
            ring,
            shorter_since: None,
        }
    }

    /// Looks at the head once. An advance counts only once [`Follower::committed`] hears of it.
    pub async fn poll(&mut self, head: &Header, now: Instant) -> Result<Poll, StreamError> {
        let tip = self.ring.tip();
        if head.at() == tip {
            self.shorter_since = None;
            return Ok(Poll::AtHead);
        }
        if head.at().no < self.ring.oldest().no {
            // Too old to tell an ancestor from a fork. If it is one, the branch shows it when it has grown.
            return Ok(Poll::HeadBelowTip);
        }
        if self.ring.contains(head.at()) {
            let since = *self.shorter_since.get_or_insert(now);
            if now.duration_since(since) < SHORTER_HEAD_GRACE {
                return Ok(Poll::HeadBelowTip);
            }
            return Ok(Poll::Advance(Advance {
                from: tip,
                revert_to: Some(head.at()),
                blocks: Vec::new(),
                reaches_head: true,
                then_halt: None,
            }));
        }
        self.shorter_since = None;
        let headers = self.branch(head).await?;
        let ancestor = self.junction(&headers)?;
        let reaches_head = headers.last().is_some_and(|last| last.at() == head.at());
        let (blocks, then_halt) = self.load(headers).await?;
        Ok(Poll::Advance(Advance {
            from: tip,
            revert_to: (ancestor != tip).then_some(ancestor),
            blocks,
            reaches_head: reaches_head && then_halt.is_none(),
            then_halt,
        }))
    }

    /// The advance is in the database.
    pub fn committed(&mut self, advance: &Advance) {
        self.shorter_since = None;
        if let Some(ancestor) = advance.revert_to {
            self.ring.truncate(ancestor);
        }
        advance
            .blocks
            .iter()
            .for_each(|block| self.ring.push(block.at));
    }

    /// The headers from the first one that is not ours towards the head, linked by parent hash.
    async fn branch(&self, head: &Header) -> Result<Vec<Header>, StreamError> {
        let tip = self.ring.tip();
        // Start just above the tip, or at the head when that is not higher.
        let mut first = if head.at().no > tip.no + 1 {
            self.node.by_number(tip.no + 1).await?
        } else {
            head.clone()
        };
        let mut headers = Vec::new();
        while !self.is_child_of_ours(&first) {
            if first.at().no <= self.ring.oldest().no {
                return Err(self.too_deep());
            }
            let parent = self.node.by_hash(first.parent()).await?;
            if parent.at().no + 1 != first.at().no {
                return Err(StreamError::Halt(format!(
                    "the heights of block {} and its parent do not follow",
                    first.at().no
                )));
            }
            headers.push(std::mem::replace(&mut first, parent));
        }
        headers.push(first);
        headers.reverse();
        self.extend(&mut headers, head).await?;
        Ok(headers)
    }

    /// Adds what lies between the last header and the head, up to the step's limit.
    async fn extend(&self, headers: &mut Vec<Header>, head: &Header) -> Result<(), StreamError> {
        let Some(mut last) = headers.last().map(Header::at) else {
            return Ok(());
        };
        let until = head.at().no.min(last.no + MAX_STEP);
        while last.no < until {
            let chunk = (last.no + 1)..=until.min(last.no + PARALLEL as u64);
            for next in try_join_all(chunk.map(|no| self.node.by_number(no))).await? {
                if next.parent() != last.hash {
                    return Err(StreamError::Moved);
                }
                last = next.at();
                headers.push(next);
            }
        }
        Ok(())
    }

    fn is_child_of_ours(&self, header: &Header) -> bool {
        header.at().no.checked_sub(1).is_some_and(|no| {
            self.ring.contains(BlockRef {
                no,
                hash: header.parent(),
            })
        })
    }

    fn junction(&self, headers: &[Header]) -> Result<BlockRef, StreamError> {
        let first = headers.first().ok_or(StreamError::Moved)?;
        let no = first
            .at()
            .no
            .checked_sub(1)
            .ok_or_else(|| self.too_deep())?;
        Ok(BlockRef {
            no,
            hash: first.parent(),
        })
    }

    fn too_deep(&self) -> StreamError {
        StreamError::Halt(format!(
            "the chain forked below block {}, deeper than the {} blocks that are kept",
            self.ring.oldest().no,
            self.ring.size()
        ))
    }

    /// Reads the followed contracts' events. Stops before the first block that holds one it cannot read.
    async fn load(
        &self,
        headers: Vec<Header>,
    ) -> Result<(Vec<ChainBlock>, Option<String>), StreamError> {
        let mut blocks = Vec::with_capacity(headers.len());
        let mut loading =
            futures::stream::iter(headers.into_iter().map(|header| self.load_one(header)))
                .buffered(PARALLEL);
        while let Some(block) = loading.next().await {
            match block? {
                Ok(block) => blocks.push(block),
                Err(reason) => return Ok((blocks, Some(reason))),
            }
        }
        Ok((blocks, None))
    }

    async fn load_one(&self, header: Header) -> Result<Result<ChainBlock, String>, NodeError> {
        let followed = self.node.followed();
        let may_hold = followed
            .contracts()
            .any(|(_, address)| header.may_hold_logs_of(address));
        let events = if may_hold {
            let receipts = self.node.receipts(header.at().hash).await?;
            match verify::followed_events(&header, receipts, followed)? {
                Ok(events) => events,
                Err(error) => return Ok(Err(format!("{error} in block {}", header.at().no))),
            }
        } else {
            Vec::new()
        };
        Ok(Ok(ChainBlock {
            at: header.at(),
            parent: header.parent(),
            time: header.time(),
            events,
        }))
    }
}
