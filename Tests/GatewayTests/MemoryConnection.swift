import NIOCore
import WireProtocol

@testable import Gateway

/// The line between a test's client and the gateway.
protocol TestLine: Sendable {
  func write(_ bytes: ByteBuffer) async throws
  /// Both ways at once, as when a process ends.
  func close() async throws
}

/// A connection without a socket: what the session says goes straight to the test.
///
/// `@unchecked Sendable`: touched on the session's loop only, but for what is marked.
final class MemoryConnection: Connection, TestLine, @unchecked Sendable {
  struct Closed: Error {}

  let home: GatewayLoop
  /// The client does not read: what is written stays here.
  private var isStuck = false
  private var unread: [ByteBuffer] = []
  /// How often the session has written.
  private(set) var writes = 0
  private let feed: AsyncStream<Frame>.Continuation
  private var session: Session?
  private var decoder = FrameDecoder()
  /// What has come and may not be read yet.
  private var inbox: [ByteBuffer] = []

  init(_ home: GatewayLoop, _ feed: AsyncStream<Frame>.Continuation) {
    self.home = home
    self.feed = feed
  }

  // MARK: the client's side, from any thread

  func open() async throws {
    try await home.loop.submit { [self] in
      let session = Session(home, self)
      self.session = session
      session.opened(refusal: nil)
    }.get()
  }

  func write(_ bytes: ByteBuffer) async throws {
    try await home.loop.submit { [self] in
      guard session != nil else { throw Closed() }
      inbox.append(bytes)
      resumeReading()
      home.settle()
    }.get()
  }

  func close() async throws {
    try await home.loop.submit { [self] in
      session?.peerIsDone()
      end()
    }.get()
  }

  /// The client stops reading, or reads what has come meanwhile and goes on. On the loop.
  func read(_ reads: Bool) {
    isStuck = !reads
    guard reads else { return }
    let waiting = unread
    unread = []
    say(waiting)
    session?.writabilityChanged()
  }

  /// What keeps memory here and in the session, as it is allocated. On the loop.
  var heldBytes: Int {
    unread.reduce(session?.heldBytes ?? 0) { $0 + $1.storageCapacity - $1.readableBytes }
  }

  // MARK: the session's side

  var isWritable: Bool { bufferedBytes <= home.context.options.unsentBytesHigh }
  var bufferedBytes: Int { unread.reduce(0) { $0 + $1.readableBytes } }

  func write(_ chunks: [ByteBuffer], then written: (() -> Void)?) {
    writes += 1
    if isStuck { unread += chunks } else { say(chunks) }
    written?()
  }

  private func say(_ chunks: [ByteBuffer]) {
    for chunk in chunks { decoder.append(chunk) }
    while let frame = try? decoder.next() { feed.yield(frame) }
  }

  func resumeReading() {
    while let session, session.wantsBytes, !inbox.isEmpty {
      session.received(inbox.removeFirst())
    }
  }

  func isKnown() {}

  /// The client has seen it, and closes its side.
  func hangUp() { home.loop.execute { self.end() } }

  func close() { home.loop.execute { self.end() } }

  private func end() {
    guard let session else { return }
    self.session = nil
    session.ended()
    feed.finish()
  }
}
