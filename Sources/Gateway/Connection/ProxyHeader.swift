import DaybookModel
import NIOCore

/// What a proxy says of the connection that it passes on (HAProxy, "The PROXY protocol", version 2):
///
///     0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A   signature, 12 bytes
///     21                                    version 2, and 1: passed on; 0: the proxy's own
///     11                                    1: IPv4, 2: IPv6; and 1: TCP
///     00 0C                                 bytes that follow, big-endian
///     source address, destination address, source port, destination port; more, which is passed over
struct ProxyHeader: Equatable {
  enum Fault: String, Error {
    case noHeader = "it begins with something else"
    case unknownVersion = "it is of another version or command"
    case tooLong = "it is longer than any"
    case cut = "its addresses are cut"
  }

  /// Whence the client comes; nil for the proxy's own connection, and for what has no such address.
  let client: SocketAddress?

  static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
  private static let fixedBytes = 16
  /// Behind the fixed part. The addresses take 36 at most.
  static let bytesMax = 2_048

  /// Takes the header off the front. Nil as long as some of it is still to come.
  static func read(from buffer: inout ByteBuffer) throws(Fault) -> ProxyHeader? {
    let start = buffer.readableBytesView.prefix(signature.count)
    guard start.elementsEqual(signature.prefix(start.count)) else { throw .noHeader }
    guard buffer.readableBytes >= fixedBytes else { return nil }
    let at = buffer.readerIndex + signature.count
    let command: UInt8 = buffer.getInteger(at: at)!
    let family: UInt8 = buffer.getInteger(at: at + 1)!
    let length = Int(buffer.getInteger(at: at + 2, as: UInt16.self)!)
    guard command >> 4 == 2, command & 15 <= 1 else { throw .unknownVersion }
    guard length <= bytesMax else { throw .tooLong }
    guard buffer.readableBytes >= fixedBytes + length else { return nil }
    buffer.moveReaderIndex(forwardBy: fixedBytes)
    let body = buffer.readSlice(length: length)!
    guard command & 15 == 1 else { return ProxyHeader(client: nil) }
    return ProxyHeader(client: try client(family, body))
  }

  private static func client(
    _ family: UInt8, _ body: ByteBuffer
  ) throws(Fault) -> SocketAddress? {
    let addressBytes: Int
    switch family {
    case 0x11: addressBytes = 4
    case 0x21: addressBytes = 16
    default: return nil
    }
    let start = body.readerIndex
    guard let source = body.getBytes(at: start, length: addressBytes),
      let port: UInt16 = body.getInteger(at: start + 2 * addressBytes),
      body.readableBytes >= 2 * addressBytes + 4
    else { throw .cut }
    return try? SocketAddress(packedIPAddress: ByteBuffer(bytes: source), port: Int(port))
  }
}
