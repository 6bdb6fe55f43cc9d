import DaybookModel
import NIOCore
import Ports

/// What a session's state machine asks of the world. Whatever has an answer gets it back through
/// a method of `SessionMachine`.
enum SessionAction {
  case checkToken(String)
  /// Call `expiryDue` then.
  case scheduleExpiry(after: Duration)
  case submit(Command, CommandPurpose)
  case query(SessionQuery, sequence: UInt32)
  /// A page of a stream that is being synced.
  case readPage(StreamKey, from: Seq, through: Seq)
  /// Push the stream's events from now on; before anything is asked about it.
  case subscribe(StreamKey)
  case unsubscribe(StreamKey)
  /// Another session of this device is to be closed.
  case register(UserID, DeviceID)
  case online([UserID], watch: Bool, sequence: UInt32)
  case typing(UserID, to: StreamKey)
  /// Call `flushAcks` at the end of the tick.
  case scheduleAcks
  /// After what was written has been flushed.
  case close
}

/// What a command was for, so that its answer finds its place.
struct CommandPurpose {
  enum Kind {
    /// A reply frame of this request's type.
    case reply(FrameTypeOfRequest)
    /// Nothing unless it failed.
    case ack
    case open(StreamKey)
    case inspect(SessionQuery)
  }

  var sequence: UInt32
  var kind: Kind
}

/// The raw value of a request's frame type.
typealias FrameTypeOfRequest = UInt32

/// A question to the read side. Of a group, `visible` comes from its owner first.
enum SessionQuery: Sendable, Equatable {
  /// `through` at none: up to the head. `visible` at nil: everything.
  case fetch(StreamKey, from: Seq, through: Seq, head: Seq, visible: [SeqInterval]?)
  case history(ConversationKey, before: MessageID?, limit: Int, visible: [SeqInterval]?)
  case unread(UserID, after: StreamKey?, limit: Int)
  case members(GroupID, after: UserID?, limit: Int)
}

/// A query's reply, and the highest message id in it.
struct QueryAnswer: Sendable {
  var body: ByteBuffer
  var observed: MessageID
}
