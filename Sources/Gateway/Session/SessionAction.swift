import DaybookModel
import Ports
import Requests

/// What a session's state machine asks of the world. Whatever has an answer gets it back through
/// a method of `SessionMachine`.
enum SessionAction {
  case checkToken(String)
  /// The same, of one that a session is to go on with.
  case checkRenewal(String, sequence: UInt32)
  /// Write a reply with the addresses that are refused.
  case tellRefusedAddresses(sequence: UInt32)
  /// Write a reply.
  case liftRefusal(of: String, sequence: UInt32)
  /// Call `expiryDue` then.
  case scheduleExpiry(after: Duration)
  case submit(Command, CommandPurpose)
  case query(Query, sequence: UInt32)
  /// Look for the message that a command is about, and read it if that is for a forward.
  case resolve(MessageName, reading: MessageReading?, sequence: UInt32)
  /// A page of a stream that has more than was pushed.
  case readPage(StreamKey, from: Seq, through: Seq, bytesMax: Int)
  /// Push the stream's events from now on; before anything is asked about it.
  case subscribe(StreamKey)
  case unsubscribe(StreamKey)
  /// Others see this session, of this user, as if it were not there. Before it is registered.
  case hide(UserID)
  /// Another session of this device is to be closed, and those of others that may not be there with it.
  case register(ConnectingDevice)
  /// These may come to be watched: whoever blocks this user from now on will not. For a service there is no user.
  case proposeWatch([UserID], of: UserID?)
  case online(OnlineCheck, sequence: UInt32)
  /// They are not watched after all.
  case unwatch(Set<UserID>)
  case typing(UserID, to: StreamKey)
  /// Push an event that no log has to whoever is online, but not to this session. What was withheld
  /// from its receiver goes to the sender's other sessions alone, as if it hadn't been.
  case pushTransient(Event, isWithheld: Bool)
  /// Tell the operator of a command with this trace id that was refused before its owner knew of it.
  case logRefusal(TraceID, DaybookError)
  /// Call `flushAcks` at the end of the tick.
  case scheduleAcks
  /// Call `flushGroupCursors` once the interval for that is over.
  case scheduleGroupCursors
  /// After what was written has been flushed.
  case close
}

extension SessionAction {
  /// Tells a mailbox something that the client did not ask for. Nothing hangs on the answer.
  static func note(
    _ body: Command.Body, in mailbox: StreamKey, by actor: Actor
  ) -> SessionAction {
    .submit(
      Command(stream: mailbox, actor: actor, id: nil, body: body),
      CommandPurpose(sequence: 0, kind: .note))
  }
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
    /// How far a group goes that the device acks further than is known here.
    case ackedAhead(GroupID, upTo: Seq)
    /// Nothing.
    case note
    case open(StreamKey)
    /// Whether the token that the session lives by is good.
    case token(TokenStamp)
    /// The same of one that it is to go on with.
    case renewal
    /// How far the stream goes, of which some may have been missed.
    case resume(StreamKey)
    indirect case inspect(Query)
    /// What the actor may see where the message of a command is said to be.
    case locate
    /// Whether this user's presence may be known.
    case contact(UserID)
    /// Which number is next.
    case nextNumber
    /// Whether this user's typing may be seen there.
    case typing(StreamKey)
  }

  var sequence: UInt32
  /// Of the request's body, where it counts.
  var bytes: UInt32 = 0
  var kind: Kind
  /// The answer names no seq: it would be another's mailbox's, and tell how much mail comes there, and
  /// whether a block kept this from there.
  var hidesSeq = false
}

/// The raw value of a request's frame type.
typealias FrameTypeOfRequest = UInt32
