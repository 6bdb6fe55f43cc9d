import DaybookModel

/// A line that is shown. Line ends in its text are its author's: they never begin a line of their
/// own at the screen's edge, so that nobody writes what looks like another's message.
package struct ScreenLine: Equatable, Sendable {
  /// What a line is about, which decides its colour.
  package enum Style: Sendable {
    case plain
    /// Said elsewhere than in the open conversation.
    case elsewhere
    /// It names the reader.
    case mention
    /// What happened beside messages, and what was asked for.
    case news
    /// What did not work.
    case problem
  }

  package var text: String
  package var style: Style

  package init(_ text: String, _ style: Style = .plain) {
    self.text = text
    self.style = style
  }

  /// On one row of a file or pipe.
  var flat: String { Terminal.safe(text) }

  /// SGR parameters (ECMA-48); nil for the terminal's own colour.
  var colour: String? {
    switch style {
    case .plain: nil
    case .elsewhere: "36"
    case .mention: "1;33"
    case .news: "2"
    case .problem: "31"
    }
  }
}
