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
  /// Look for the message that `unresolved` is about, and read it if that is for a forward.
  case resolve(MessageName, reading: MessageReading?)
  /// A page of a stream that has more than was pushed.
  case readPage(StreamKey, from: Seq, through: Seq, bytesMax: Int)
  /// Push the stream's events from now on; before anything is asked about it.
  case subscribe(StreamKey)
  case unsubscribe(StreamKey)
  /// Another session of this device is to be closed.
  case register(UserID, DeviceID)
  /// These may come to be watched: whoever blocks this user from now on will not.
  case proposeWatch([UserID])
  case online(OnlineCheck, sequence: UInt32)
  /// They are not watched after all.
  case unwatch(Set<UserID>)
  case typing(UserID, to: StreamKey)
  /// Push an event that no log has to whoever is online, but not to this session. What was withheld
  /// from its receiver goes to the sender's other sessions alone, as if it hadn't been.
  case pushTransient(Event, isWithheld: Bool)
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
    /// The same, and the event is pushed.
    indirect case transient(Event, FrameTypeOfRequest)
    /// Nothing unless it failed.
    case ack
    /// Nothing.
    case note
    case open(StreamKey)
    indirect case inspect(SessionQuery)
    /// What the actor may see where the message of `unresolved` is said to be.
    case locate
    /// Whether this user's presence may be known.
    case contact(UserID)
    /// Whether this user's typing may be seen there.
    case typing(StreamKey)
  }

  var sequence: UInt32
  var kind: Kind
  /// The answer names no seq: it would be another's mailbox's, and tell how much mail comes there, and
  /// whether a block kept this from there.
  var hidesSeq = false
}

/// The raw value of a request's frame type.
typealias FrameTypeOfRequest = UInt32

/// A question to the read side. What `visible` there is comes from the stream's owner first.
enum SessionQuery: Sendable, Equatable {
  /// `through` at none: up to the head. `visible` at nil: everything.
  case fetch(StreamKey, from: Seq, through: Seq, head: Seq, visible: [SeqInterval]?)
  case history(
    ConversationKey, before: MessageID?, limit: Int, visible: [SeqInterval]?, through: Seq?,
    reader: UserID?)
  case unread(UserID, after: StreamKey?, limit: Int)
  case members(GroupID, after: UserID?, limit: Int)
  case receipts(MessageName, visible: [SeqInterval]?, after: UserID?, limit: Int)
  case devices(UserID)
  case group(GroupID, asker: GroupAsker)
  case conversations(UserID, after: StreamKey?, limit: Int)
  case blocked(UserID, after: UserID?, limit: Int)
}

/// What somebody who asks about a group is to it.
struct GroupAsker: Sendable, Equatable {
  static let stranger = GroupAsker(isMember: false, role: .member, seesInside: false)

  var isMember: Bool
  var role: Role
  /// A member, or a service.
  var seesInside: Bool
}

/// A query's reply, and the highest message id in it.
struct QueryAnswer: Sendable {
  var body: ByteBuffer
  var observed: MessageID
}
