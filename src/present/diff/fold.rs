//! Which rows are on show: long runs of unchanged rows are folded away, and can be opened.

use std::ops::Range;

use super::Diff;

/// Unchanged rows kept around each hunk unless told otherwise.
pub const CONTEXT: usize = 3;

/// One line of a folded diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A row, by its index in [`Diff::rows`].
    Row(usize),
    /// A closed fold.
    Fold {
        /// Which fold, for [`Folds::toggle`].
        fold: usize,
        /// The rows it hides.
        rows: Range<usize>,
    },
}

impl Item {
    /// The first row the item stands for.
    pub fn row(&self) -> usize {
        match self {
            Self::Row(row) => *row,
            Self::Fold { rows, .. } => rows.start,
        }
    }
}

/// The folds of a diff, open or closed, and what is on show because of them.
#[derive(Clone, Debug, Default)]
pub struct Folds {
    context: usize,
    total: usize,
    /// The rows of each fold, and whether it is open.
    ranges: Vec<(Range<usize>, bool)>,
    items: Vec<Item>,
}

impl Folds {
    /// Folds runs of unchanged rows, but for `context` rows around each hunk. A diff without hunks
    /// has no folds.
    pub fn new(diff: &Diff, context: usize) -> Self {
        let ranges = foldable(diff, context).map(|rows| (rows, false)).collect();
        let mut this = Self { context, total: diff.rows().len(), ranges, items: Vec::new() };
        this.rebuild();
        this
    }

    /// The rows kept around each hunk.
    pub fn context(&self) -> usize {
        self.context
    }

    /// What is on show, in order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// How many folds there are, open or closed.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Tells whether nothing can be folded.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Opens or closes a fold.
    pub fn toggle(&mut self, fold: usize) {
        if let Some((_, open)) = self.ranges.get_mut(fold) {
            *open = !*open;
            self.rebuild();
        }
    }

    /// Opens or closes all folds.
    pub fn set_all(&mut self, open: bool) {
        for (_, is_open) in &mut self.ranges {
            *is_open = open;
        }
        self.rebuild();
    }

    /// The fold that `row` belongs to, open or closed.
    pub fn fold_of(&self, row: usize) -> Option<usize> {
        let fold = self.ranges.partition_point(|(rows, _)| rows.end <= row);
        self.ranges.get(fold).filter(|(rows, _)| rows.contains(&row)).map(|_| fold)
    }

    /// Opens the fold that hides `row`, if one does.
    pub fn reveal(&mut self, row: usize) {
        if let Some(fold) = self.fold_of(row)
            && !self.ranges[fold].1
        {
            self.toggle(fold);
        }
    }

    /// The index in [`Folds::items`] of the item that shows `row` or hides it.
    pub fn item_of(&self, row: usize) -> usize {
        self.items.partition_point(|item| item.row() <= row).saturating_sub(1)
    }

    fn rebuild(&mut self) {
        self.items.clear();
        let mut row = 0;
        for (fold, (rows, open)) in self.ranges.iter().enumerate() {
            if *open {
                continue;
            }
            self.items.extend((row..rows.start).map(Item::Row));
            self.items.push(Item::Fold { fold, rows: rows.clone() });
            row = rows.end;
        }
        self.items.extend((row..self.total).map(Item::Row));
    }
}

/// The rows that can be folded: what lies further than `context` from any hunk, if the whole run is
/// longer than twice the context and the fold hides more than the one line it takes itself. Each
/// part is folded by itself.
fn foldable(diff: &Diff, context: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let whole = 0..diff.rows().len();
    let parts = diff.parts();
    let regions = (0..parts.len().max(1))
        .map(move |index| parts.get(index).map_or_else(|| whole.clone(), |part| part.rows.clone()));
    regions.flat_map(move |region| {
        let all = diff.hunks();
        let first = all.partition_point(|hunk| hunk.start < region.start);
        let end = all.partition_point(|hunk| hunk.start < region.end);
        let hunks = &all[first..end];
        let gaps = (0..=hunks.len()).map(move |gap| {
            let start = if gap == 0 { region.start } else { hunks[gap - 1].end };
            let end = hunks.get(gap).map_or(region.end, |hunk| hunk.start);
            let from = if gap == 0 { start } else { start + context };
            let to = if gap == hunks.len() { end } else { end.saturating_sub(context) };
            (start, end, from, to)
        });
        gaps.filter(move |_| !hunks.is_empty()).filter_map(move |(start, end, from, to)| {
            (end - start > 2 * context && to > from + 1).then_some(from..to)
        })
    })
}

/// The stretches of rows that the unified form shows: hunks with their context, joined where they
/// touch.
pub(super) fn shown(diff: &Diff, context: usize) -> Vec<Range<usize>> {
    let mut shown: Vec<Range<usize>> = Vec::new();
    for hunk in diff.hunks() {
        let start = hunk.start.saturating_sub(context);
        let end = (hunk.end + context).min(diff.rows().len());
        match shown.last_mut() {
            Some(last) if last.end >= start => last.end = end,
            _ => shown.push(start..end),
        }
    }
    shown
}
