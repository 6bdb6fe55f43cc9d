import DaybookModel

@testable import DaybookSDK

/// What a person is shown of a message in the end, whichever way it became known.
struct ShownMessage: Equatable {
  enum State: Equatable {
    case shown
    case recalled(by: String)
    case expired
  }

  var seq: UInt64
  var conversation: String
  var from: String
  var isOwn = false
  var state = State.shown
  var content: MessageContent
  var edits = 0
  /// "user reaction", each.
  var reactions: Set<String> = []
  var replyTo: UInt64?
  var mentions: [String] = []
  var mentionsEveryone = false
  var forwardedFrom: String?
  var expiresAt: UInt64?

  /// Of what is gone, nothing remains to be compared but that: a device that was told before and
  /// one that was told after know different things of it.
  func settled(at now: Timestamp) -> ShownMessage {
    var settled = self
    if settled.state == .shown, let expiresAt, expiresAt <= now.milliseconds {
      settled.state = .expired
    }
    guard settled.state != .shown else { return settled }
    settled = ShownMessage(
      seq: seq, conversation: conversation, from: from, isOwn: isOwn, state: settled.state,
      content: .bytes(type: "", []))
    return settled
  }
}
