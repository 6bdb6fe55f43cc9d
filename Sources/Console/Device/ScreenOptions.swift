/// How a terminal is used.
package struct ScreenOptions: Sendable {
  package var hasColour = true
  /// The window's title says who chats, and how much is unread.
  package var setsTitle = false
  /// Where what was typed is kept; nil: nowhere.
  package var historyPath: String?

  package init() {}

  /// By the environment's variables; nil without a home.
  package static func usualHistoryPath(_ environment: (String) -> String?) -> String? {
    HistoryFile.usual(environment)
  }
}
