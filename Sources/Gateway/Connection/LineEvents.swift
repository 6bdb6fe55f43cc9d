import DaybookModel
import WireProtocol

/// What a session lets the handlers in front of its own know, on its way out. Over TCP there are none, and nobody
/// hears it.
enum SessionEvent: Sendable {
  /// The client has said who it is.
  case known
  /// The session ends for this reason, which is about to be written.
  case ends(ErrorCode)
}

/// What these let the session know, on its way in.
enum LineEvent: Sendable {
  /// For a Connect that has none.
  case token(String)
  /// What has come is no frame.
  case fault(FrameFault)
  /// What is written takes so many bytes for each from now on.
  case writes(bytesEach: Int)
}
