import Glibc

/// A terminal whose keys come one by one and unshown, until `restore`.
struct RawTerminal {
  private let original: termios

  /// Nil where standard input is no terminal.
  init?() {
    var modes = termios()
    guard tcgetattr(STDIN_FILENO, &modes) == 0 else { return nil }
    original = modes
  }

  func enter() {
    var modes = original
    // Keys that would signal come as bytes too, for the line has to leave the screen first.
    modes.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG | IEXTEN)
    modes.c_iflag &= ~tcflag_t(IXON | ICRNL | INLCR | IGNCR | BRKINT | ISTRIP)
    withUnsafeMutableBytes(of: &modes.c_cc) {
      $0[Int(VMIN)] = 1
      $0[Int(VTIME)] = 0
    }
    _ = tcsetattr(STDIN_FILENO, TCSADRAIN, &modes)
  }

  func restore() {
    var modes = original
    _ = tcsetattr(STDIN_FILENO, TCSADRAIN, &modes)
  }

  /// Columns and rows; those of a terminal that doesn't say are the usual ones.
  static var size: (width: Int, height: Int) {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
    else { return (80, 24) }
    return (Int(size.ws_col), Int(size.ws_row))
  }
}
