/// Keeps messages from before they are sent until the server has answered, so that they survive the
/// process: what is in it when the process dies is sent by the next client that is given it, under the
/// same origin and numbers, and so is stored once.
///
/// A client calls it from threads that may block, never two at a time. ``FileOutbox`` keeps messages in
/// a file, ``MemoryOutbox`` in memory; an application with a database may keep them there. One outbox
/// belongs to one user's device, or one service, and one server.
public protocol Outbox: Sendable {
  /// A client begins: what earlier ones have left. Throws `outbox_in_use` while another client that
  /// has loaded it has not released it, `outbox_corrupt`, `outbox_failed`.
  func load() throws(ClientError) -> OutboxContents

  /// Says whose messages it holds, before the first of them is sent. Durable when it returns.
  func bind(to owner: String) throws(ClientError)

  /// Adds messages, by ascending number. Durable when it returns: they are sent after that, and never
  /// if it throws.
  func store(_ entries: [OutboxEntry]) throws(ClientError)

  /// Takes messages out that were answered. It need not be durable: what comes back after a crash is
  /// sent once more, and recognised by the server.
  func remove(_ numbers: [UInt64]) throws(ClientError)

  /// The client has ended, and makes no more calls.
  func release()
}

/// A message in an outbox.
public struct OutboxEntry: Sendable, Hashable {
  /// Under the outbox's origin, which the server knows it by: `SentMessage.id`.
  public var number: UInt64
  /// What is sent; only the client looks into it.
  public var bytes: [UInt8]

  /// As `store` was given it.
  public init(number: UInt64, bytes: [UInt8]) {
    self.number = number
    self.bytes = bytes
  }
}

/// What an outbox holds.
public struct OutboxContents: Sendable, Hashable {
  /// Who issues its messages: 1 to 32 random bytes, made with the outbox and never changed.
  public var origin: [UInt8]
  /// The next message's number, beyond all that were ever stored, removed ones included; 1 at first.
  public var nextNumber: UInt64
  /// What `bind` was last given.
  public var owner: String?
  /// By ascending number.
  public var entries: [OutboxEntry]

  /// What a store of messages has kept.
  public init(
    origin: [UInt8], nextNumber: UInt64 = 1, owner: String? = nil, entries: [OutboxEntry] = []
  ) {
    self.origin = origin
    self.nextNumber = nextNumber
    self.owner = owner
    self.entries = entries
  }

  /// Of a new outbox, with a random origin.
  static func random() -> OutboxContents {
    var random = SystemRandomNumberGenerator()
    return OutboxContents(
      origin: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
  }

  mutating func store(_ new: [OutboxEntry]) {
    entries += new
    nextNumber = max(nextNumber, (new.last?.number ?? 0) + 1)
  }

  mutating func remove(_ numbers: some Collection<UInt64>) {
    let gone = Set(numbers)
    entries.removeAll { gone.contains($0.number) }
  }
}
