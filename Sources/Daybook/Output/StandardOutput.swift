import DaybookModel
import Files
import Glibc

/// What a command prints, written in large pieces: a line may be one of 72,000.
struct StandardOutput: ~Copyable {
  private var bytes: [UInt8] = []
  private static let pieceBytes = 65_536

  /// Throws `storage_full` or `storage_failed` if what is behind the output takes nothing more.
  mutating func line(_ json: JSONLine) throws(DaybookError) {
    json.append(to: &bytes)
    try endLine()
  }

  mutating func line(_ text: String) throws(DaybookError) {
    bytes.append(contentsOf: text.utf8)
    try endLine()
  }

  private mutating func endLine() throws(DaybookError) {
    bytes.append(UInt8(ascii: "\n"))
    if bytes.count >= StandardOutput.pieceBytes { try flush() }
  }

  /// To be called at the end.
  mutating func flush() throws(DaybookError) {
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes {
        write(STDOUT_FILENO, $0.baseAddress, $0.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        // Whoever read this has seen enough, as `head` does: that is no failure.
        if errno == EPIPE { exit(0) }
        throw FileError(number: errno, operation: "write the output").asDaybookError
      }
      written += count
    }
    bytes.removeAll(keepingCapacity: true)
  }
}

/// The one line that a command's output is.
func printToStandardOutput(_ line: String) throws(DaybookError) {
  var output = StandardOutput()
  try output.line(line)
  try output.flush()
}

/// A line for people beside the output: progress, faults.
func printToStandardError(_ line: String, end: String = "\n") {
  let bytes = Array((line + end).utf8)
  _ = write(STDERR_FILENO, bytes, bytes.count)
}
