/// What comes from the person, or the script, in front of the screen.
package enum ScreenInput: Sendable, Equatable {
  case entered(EnteredLine)
  /// A line of a script that is too long to be one.
  case tooLong
  /// Older messages are asked for.
  case older
  case endOfInput
  case interrupt
  /// Nobody sees any more what is shown.
  case outputGone
  /// A signal that ends the program.
  case ended(Int32)
}
