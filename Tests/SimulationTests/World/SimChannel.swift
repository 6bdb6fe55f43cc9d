import NIOCore
import WireProtocol

@testable import Gateway

/// The server's end of a simulated connection, as a session has it.
final class SimChannel: Connection {
  private unowned let run: SimRun
  private let connection: SimConnection
  let home: GatewayLoop
  private(set) var session: Session?
  private var outgoing = FrameDecoder()
  private var hasHungUp = false

  init(_ run: SimRun, _ connection: SimConnection, _ home: GatewayLoop) {
    self.run = run
    self.connection = connection
    self.home = home
  }

  func open() {
    let session = Session(home, self)
    self.session = session
    session.opened(refusal: nil)
  }

  /// What the client has sent has come.
  func receive(_ item: SimConnection.Item) {
    switch item {
    case .frame(let bytes): session?.received(bytes)
    case .end: session?.peerIsDone()
    }
    home.settle()
  }

  /// Whether what has come may be read.
  var isReading: Bool { session?.wantsBytes ?? false }

  /// The client has taken a frame.
  func drained() { session?.writabilityChanged() }

  /// With the process: nothing happens any more.
  func die() {
    session = nil
    connection.channel = nil
  }

  // MARK: Connection

  /// Or so much is on its way to the client that no more is pushed.
  var isWritable: Bool {
    !(connection.isOpenToClient && connection.toClient.count >= run.sizes.outboundFrames)
  }

  var bufferedBytes: Int { 0 }

  func write(_ chunks: [ByteBuffer], then written: (() -> Void)?) {
    for chunk in chunks { outgoing.append(chunk) }
    while let frame = try? outgoing.next() { send(frame) }
    written?()
  }

  func send(_ frame: Frame) {
    var bytes = ByteBuffer()
    bytes.writeFrame(frame.type, sequence: frame.sequence, body: frame.body)
    run.watch.sent(frame, to: connection.device)
    connection.sendToClient(.frame(bytes))
  }

  /// Reading is asked for before each frame.
  func resumeReading() {}

  func isKnown() {}

  func hangUp() {
    guard !hasHungUp else { return }
    hasHungUp = true
    connection.sendToClient(.end)
    // Who has gone already will not answer.
    if !connection.isOpenToClient { close() }
  }

  func close() {
    if !hasHungUp { connection.sendToClient(.end) }
    hasHungUp = true
    guard let session else { return }
    self.session = nil
    connection.channel = nil
    session.ended()
  }
}
