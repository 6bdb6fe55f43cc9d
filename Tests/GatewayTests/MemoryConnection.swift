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

  // MARK: the session's side

  var isWritable: Bool { true }
  var bufferedBytes: Int { 0 }

  func write(_ chunks: [ByteBuffer], then written: (() -> Void)?) {
    writes += 1
    for chunk in chunks { decoder.append(chunk) }
    while let frame = try? decoder.next() { feed.yield(frame) }
    written?()
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
