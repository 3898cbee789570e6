//! Reading several sorted partitions as one sorted sequence, lazily: a partition is asked for its next page only
//! when its turn comes, so that a page of the whole costs little more than what it shows.

use std::collections::VecDeque;
use std::future::Future;

use futures_util::future::try_join_all;

/// A merged sequence of entries sorted by their key, from sources that each fetch their own pages.
pub(super) struct Merge<T, F> {
    fetch: F,
    sources: Vec<Source<T>>,
}

struct Source<T> {
    buffer: VecDeque<(String, T)>,
    after: Option<String>,
    exhausted: bool,
}

impl<T, F, Fut, E> Merge<T, F>
where
    F: Fn(usize, Option<String>) -> Fut,
    Fut: Future<Output = Result<Vec<(String, T)>, E>>,
{
    /// Merges `sources` partitions, each from after the key `after`. `fetch` is given the number of a source and the
    /// key after which to go on, and answers a page in order; an empty page ends the source.
    pub(super) fn new(sources: usize, after: Option<String>, fetch: F) -> Self {
        let source = || Source { buffer: VecDeque::new(), after: after.clone(), exhausted: false };
        Self { fetch, sources: (0..sources).map(|_| source()).collect() }
    }

    /// The next entry of the whole; an entry that several sources hold is given once.
    pub(super) async fn next(&mut self) -> Result<Option<(String, T)>, E> {
        self.refill().await?;
        let heads = self.sources.iter().filter_map(|source| source.buffer.front().map(|(key, _)| key));
        let Some(smallest) = heads.min().cloned() else { return Ok(None) };
        let mut next = None;
        for source in &mut self.sources {
            if source.buffer.front().is_some_and(|(key, _)| *key == smallest) {
                next = source.buffer.pop_front();
            }
        }
        Ok(next)
    }

    /// Fetches, all at once, the next page of every source that has run dry.
    async fn refill(&mut self) -> Result<(), E> {
        let dry: Vec<usize> = (0..self.sources.len())
            .filter(|i| self.sources[*i].buffer.is_empty() && !self.sources[*i].exhausted)
            .collect();
        let pages = try_join_all(dry.iter().map(|i| (self.fetch)(*i, self.sources[*i].after.clone()))).await?;
        for (i, page) in dry.into_iter().zip(pages) {
            let source = &mut self.sources[i];
            match page.last() {
                Some((key, _)) => source.after = Some(key.clone()),
                None => source.exhausted = true,
            }
            source.buffer.extend(page);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn check(sources: &[&[&str]], after: Option<&str>, expected: &[&str]) {
        let fetch = |i: usize, after: Option<String>| async move {
            let rest = sources[i].iter().filter(|key| after.as_deref().is_none_or(|after| **key > after));
            Ok::<_, Infallible>(rest.take(2).map(|key| ((*key).to_owned(), ())).collect::<Vec<_>>())
        };
        let mut merge = Merge::new(sources.len(), after.map(str::to_owned), fetch);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut keys = Vec::new();
        while let Ok(Some((key, ()))) = runtime.block_on(merge.next()) {
            keys.push(key);
        }
        assert_eq!(keys, expected);
    }

    #[test]
    fn partitions_are_read_as_one_sorted_sequence() {
        check(&[&["a", "d", "e", "h"], &[], &["b", "c", "f", "g"]], None, &["a", "b", "c", "d", "e", "f", "g", "h"]);
        check(&[&["a", "d", "e"], &["b", "c", "f"]], Some("c"), &["d", "e", "f"]);
        check(&[&["a", "b"], &["b", "c"]], None, &["a", "b", "c"]);
        check(&[], None, &[]);
    }
}
