//! Frames: panes of a screen and popups on top of it.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Block, Clear, Padding},
};

use crate::tui::app::App;

/// Draws the frame of a pane and returns what is inside. `title` stands in the upper edge, `foot`
/// at the right of the lower one.
pub fn pane<'a>(
    app: &App,
    frame: &mut Frame,
    area: Rect,
    focus: bool,
    title: impl Into<Line<'a>>,
    foot: impl Into<Line<'a>>,
) -> Rect {
    let style = if focus { app.theme.border_focus } else { app.theme.border };
    framed(app, frame, area, focus, style, title.into(), foot.into())
}

/// Clears a place for a popup, draws its frame, and returns what is inside, one column in.
pub fn popup<'a>(
    app: &App,
    frame: &mut Frame,
    area: Rect,
    danger: bool,
    title: impl Into<Line<'a>>,
    foot: impl Into<Line<'a>>,
) -> Rect {
    frame.render_widget(Clear, area);
    frame.buffer_mut().set_style(area, app.theme.popup);
    let style = if danger { app.theme.border_danger } else { app.theme.border_popup };
    let inside = framed(app, frame, area, true, style, title.into(), foot.into());
    shrink(inside, 1)
}

fn framed(
    app: &App,
    frame: &mut Frame,
    area: Rect,
    focus: bool,
    style: Style,
    title: Line<'_>,
    foot: Line<'_>,
) -> Rect {
    let borders = app.glyphs.border(focus);
    let mut block =
        Block::bordered().border_set(borders).border_style(style).padding(Padding::ZERO);
    // One cell of the edge stands before a title and after a foot.
    if title.width() > 0 {
        let edge = Span::styled(borders.horizontal_top, style);
        block = block.title_top(spaced(title, Some(edge), None));
    }
    if foot.width() > 0 && foot.width() + 6 < usize::from(area.width) {
        let edge = Span::styled(borders.horizontal_bottom, style);
        block = block.title_bottom(spaced(foot, None, Some(edge)).right_aligned());
    }
    let inside = block.inner(area);
    frame.render_widget(block, area);
    inside
}

/// A blank on both sides, and a piece of the edge.
fn spaced<'a>(line: Line<'a>, before: Option<Span<'a>>, after: Option<Span<'a>>) -> Line<'a> {
    let style = line.style;
    let mut spans: Vec<Span<'a>> = before.into_iter().collect();
    spans.push(Span::raw(" "));
    spans
        .extend(line.spans.into_iter().map(|span| Span { style: style.patch(span.style), ..span }));
    spans.push(Span::raw(" "));
    spans.extend(after);
    Line::from(spans)
}

/// Takes columns off both sides.
pub fn shrink(area: Rect, columns: u16) -> Rect {
    let columns = columns.min(area.width / 2);
    Rect { x: area.x + columns, width: area.width - 2 * columns, ..area }
}

/// A rectangle of this size in the middle of `area`, cut to it.
pub fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

/// The first row of a window of `page` rows over `count` that shows `selected`, starting from where
/// it was, with up to three rows of context.
pub fn window(offset: usize, selected: usize, count: usize, page: usize) -> usize {
    if page == 0 || count == 0 {
        return 0;
    }
    let margin = (page.saturating_sub(1) / 4).min(3);
    let least = (selected + margin + 1).saturating_sub(page);
    let most = selected.saturating_sub(margin);
    offset.max(least).min(most).min(count.saturating_sub(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_the_selection() {
        assert_eq!(window(0, 0, 100, 10), 0);
        assert_eq!(window(0, 9, 100, 10), 2);
        assert_eq!(window(0, 99, 100, 10), 90);
        assert_eq!(window(50, 20, 100, 10), 18);
        assert_eq!(window(50, 55, 100, 10), 50);
        assert_eq!(window(7, 2, 5, 10), 0);
        assert_eq!(window(7, 0, 0, 10), 0);
        assert_eq!(window(7, 3, 5, 1), 3);
        assert_eq!(window(7, 3, 5, 0), 0);
    }

    #[test]
    fn centred_stays_inside() {
        let area = Rect::new(3, 2, 10, 5);
        assert_eq!(centred(area, 4, 3), Rect::new(6, 3, 4, 3));
        assert_eq!(centred(area, 40, 30), area);
    }
}
