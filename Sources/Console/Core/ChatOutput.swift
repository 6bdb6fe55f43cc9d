import DaybookSDK

/// What comes of what has happened: for the screen, and for the server.
enum ChatOutput: Equatable {
  /// A line with an id may be changed later.
  case show(ScreenLine, id: Int? = nil)
  /// Changes a line in its place; `otherwise` is shown where it has scrolled away.
  case change(Int, ScreenLine, otherwise: ScreenLine? = nil)
  case prompt(String)
  case bell
  /// The person has seen the conversation up to here.
  case read(Conversation, upToSeq: UInt64)
  /// What is unread may be less now.
  case askUnread
}

/// Why something that was typed is not done, before the server is asked.
struct ChatMistake: Error, Equatable {
  let advice: String
}

/// What did not work, as an exit code tells it.
enum ChatFailure: Int32 {
  case notSent = 2
  case refused = 3
  case mistaken = 4
}
