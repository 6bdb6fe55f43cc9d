import DaybookModel
import DaybookSchema
import NIOCore
import WireProtocol

/// What a person sees as one: a peer, or a group.
public enum Conversation: Sendable, Hashable, CustomStringConvertible {
  case user(String)
  case group(String)

  /// From `user/<peer>` or `group/<id>`; nil for anything else.
  public init?(_ text: String) {
    guard let key = StreamKey(checked: text) else { return nil }
    self.init(key)
  }

  package init(_ key: StreamKey) {
    self = key.kind == .user ? .user(key.id) : .group(key.id)
  }

  public var description: String {
    switch self {
    case .user(let id): "user/\(id)"
    case .group(let id): "group/\(id)"
    }
  }

  /// Throws `invalid_id`.
  package func key() throws(ClientError) -> StreamKey {
    do throws(DaybookError) {
      return try StreamKey(parsing: description)
    } catch {
      throw ClientError(error)
    }
  }
}

/// What a message carries.
public enum MessageContent: Sendable, Hashable {
  case text(String)
  /// Bytes of a media type (RFC 6838) that Daybook doesn't look into.
  case bytes(type: String, [UInt8])
  /// Bytes that only a holder of the key can read.
  case sealed(keyID: String, nonce: [UInt8], ciphertext: [UInt8])

  package func encoded() -> ByteBuffer {
    switch self {
    case .text(let text): return ContentCoding.text(text)
    case .bytes(let type, let bytes):
      return ContentCoding.plain(type: type, body: ByteBuffer(bytes: bytes))
    case .sealed(let keyID, let nonce, let ciphertext):
      let content = Daybook_V1_Content.with {
        $0.sealed.keyID = keyID
        $0.sealed.nonce.append(contentsOf: nonce)
        $0.sealed.ciphertext.append(contentsOf: ciphertext)
      }
      return ByteBuffer(bytes: content.wireBytes())
    }
  }

  /// Content of a form that this version doesn't know is shown as bytes of no type.
  package init(encoded: ByteBuffer) {
    let shown = try? ContentCoding.show(encoded)
    if case .text(let text)? = shown {
      self = .text(text)
      return
    }
    let content = try? Daybook_V1_Content(frameBody: encoded)
    switch content?.kind {
    case .plain(let plain): self = .bytes(type: plain.type, Array(plain.body))
    case .sealed(let sealed):
      self = .sealed(
        keyID: sealed.keyID, nonce: Array(sealed.nonce), ciphertext: Array(sealed.ciphertext))
    case nil: self = .bytes(type: "", Array(encoded.readableBytesView))
    }
  }
}

/// A message as a member of its conversation gets it.
public struct IncomingMessage: Sendable, Hashable {
  /// Rises within a conversation: messages are shown in its order.
  public var id: UInt64
  /// Position in the own mailbox, or in the group: what `markRead` takes.
  public var seq: UInt64
  public var conversation: Conversation
  public var from: String
  /// How the sender's name was written, where that differs from the id.
  public var senderName: String?
  public var content: MessageContent
  /// Milliseconds since 1970: when the server took it, and when the sender says it was written.
  public var recordedAtMilliseconds: UInt64
  public var clientTimeMilliseconds: UInt64?
  /// This user sent it, from this device or another.
  public var isOwn: Bool

  /// Nil for an event that is no message.
  package init?(_ event: Event, for user: UserID?) {
    let message: Message
    switch event.body {
    case .messageSent(let sent):
      message = sent
      conversation =
        event.stream.kind == .group
        ? Conversation(event.stream) : .user(event.actor.user?.text ?? "")
    case .messageCopied(let copied, let to, _):
      message = copied
      conversation = .user(to.text)
    default: return nil
    }
    id = event.messageID.rawValue
    seq = event.seq.rawValue
    from = event.actor.user?.text ?? ""
    senderName = message.senderName.isEmpty ? nil : message.senderName
    content = MessageContent(encoded: message.content)
    recordedAtMilliseconds = event.recordedAt.milliseconds
    clientTimeMilliseconds =
      message.clientTime == .none ? nil : message.clientTime.milliseconds
    isOwn = user != nil && event.actor.user == user
  }
}
