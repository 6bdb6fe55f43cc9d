import Glibc
import NIOConcurrencyHelpers

/// Where the console client writes: whole lines, and in a terminal a prompt that stays below them.
package final class ChatScreen: Sendable {
  private let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
  private let prompt = NIOLockedValueBox("")

  package init() {}

  func show(_ text: String) {
    // Under the lock, so that two lines never mix.
    prompt.withLockedValue { prompt in
      write((isTerminal ? "\r\u{1b}[K" : "") + text + "\n" + (isTerminal ? prompt : ""))
    }
  }

  func setPrompt(_ text: String) {
    prompt.withLockedValue { prompt in
      prompt = text + "> "
      if isTerminal { write("\r\u{1b}[K" + prompt) }
    }
  }

  private func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0 {
        guard errno == EINTR else { return }
        continue
      }
      bytes = bytes.dropFirst(count)
    }
  }
}
