import DaybookModel
import NIOCore

/// What a session needs of the line to its client, whatever it is made of. Touched on the session's
/// loop only.
protocol Connection: AnyObject {
  /// Whence it comes, for the operator; empty where that is nowhere.
  var peer: String { get }
  /// Whom it counts for where addresses are limited; empty where that is nowhere.
  var network: String { get }
  /// Nobody on the way hides what is said: its size tells no more than it does itself.
  var mayCompress: Bool { get }
  /// False while so much waits to be read by the client that no more should be written.
  var isWritable: Bool { get }
  /// What a byte that is written takes here at most, where what is written is put into another form.
  var writtenBytesEach: Int { get }
  /// What was written and has not left.
  var bufferedBytes: Int { get }

  /// Sends these on their way, in order. `written`, if there is anybody to call, is called when the
  /// last of them has left or never will, at once or later.
  func write(_ chunks: [ByteBuffer], then written: (() -> Void)?)
  /// Reads that were held back may go on.
  func resumeReading()
  /// The client has said who it is.
  func isKnown()
  /// The session ends for this reason, which is about to be written.
  func ends(because reason: ErrorCode)
  /// Says no more, and lets the other side finish.
  func hangUp()
  func close()
}

extension Connection {
  var network: String { "" }
  var peer: String { "" }
  var mayCompress: Bool { false }
  var writtenBytesEach: Int { 1 }
  func ends(because reason: ErrorCode) {}
}
