import NIOCore
import WireProtocol

/// Both directions of one connection. What is on its way arrives frame by frame, when the
/// simulation says so, or is lost with the connection.
final class SimConnection {
  enum Item {
    case frame(ByteBuffer)
    /// The other side is gone.
    case end
  }

  let device: SimDevice
  /// Until it is over for the server.
  var channel: SimChannel?
  private(set) var toServer = CircularBuffer<Item>()
  private(set) var toClient = CircularBuffer<Item>()

  init(_ device: SimDevice) { self.device = device }

  var isOver: Bool { channel == nil && device.connection !== self }

  func sendToServer(_ item: Item) { if channel != nil { toServer.append(item) } }

  var isOpenToClient: Bool { device.connection === self }

  func sendToClient(_ item: Item) { if isOpenToClient { toClient.append(item) } }

  func takeToServer() -> Item { toServer.removeFirst() }

  func takeToClient() -> Item { toClient.removeFirst() }

  /// Some of what is on its way to the server still arrives, then its end.
  func cutToServer(keeping kept: Int) {
    toServer = CircularBuffer(toServer.prefix(kept))
    sendToServer(.end)
  }

  func cutToClient(keeping kept: Int) {
    toClient = CircularBuffer(toClient.prefix(kept))
    sendToClient(.end)
  }
}
