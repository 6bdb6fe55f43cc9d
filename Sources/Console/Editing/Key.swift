/// What a person pressed, whatever bytes the terminal makes of it.
enum Key: Equatable {
  case text(String)
  /// What the terminal says was pasted, its line ends as `\n`.
  case paste(String)
  /// Something was pasted that is longer than `KeyDecoder.pasteBytesMax`.
  case pasteTooLong
  case enter
  /// A line end within the text.
  case newline
  case tab
  case left, right, up, down
  case wordLeft, wordRight
  case home, end
  case pageUp, pageDown
  case backspace, delete
  case deleteWordBack, deleteWordForward
  case killToEnd, killToStart
  case yank
  case search
  case redraw
  case cancel
  case endOfInput
  case interrupt
  case suspend
}
