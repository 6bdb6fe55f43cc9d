import NIOCore
import WireProtocol

/// What a WebSocket brings, in pieces of any size. The first byte says of which.
enum WebSocketTarget {
  static func run(_ bytes: [UInt8]) -> Bool {
    guard let first = bytes.first else { return false }
    let inWhole = read(bytes.dropFirst(), pieceBytes: bytes.count)
    let inPieces = read(bytes.dropFirst(), pieceBytes: 1 + Int(first))
    precondition(inWhole == inPieces, "what comes in pieces is read otherwise")
    for input in inWhole.inputs {
      guard case .message(let message) = input else { continue }
      precondition(message.payload.readableBytes <= messageBytesMax, "a message is too long")
      precondition(
        message.kind == .binary || String(validating: message.payload.array, as: UTF8.self) != nil,
        "a text is not UTF-8")
    }
    return !inWhole.inputs.isEmpty
  }

  private static let messageBytesMax = 1_000

  private struct Read: Equatable {
    var inputs: [WebSocketInput] = []
    var fault: WebSocketFault?
  }

  private static func read(_ bytes: ArraySlice<UInt8>, pieceBytes: Int) -> Read {
    var decoder = WebSocketDecoder(areMasked: true, messageBytesMax: messageBytesMax)
    var (read, rest) = (Read(), bytes)
    do throws(WebSocketFault) {
      while !rest.isEmpty {
        var piece = ByteBuffer(bytes: rest.prefix(pieceBytes))
        rest = rest.dropFirst(pieceBytes)
        while let input = try decoder.next(&piece) { read.inputs.append(input) }
      }
    } catch {
      read.fault = error
    }
    return read
  }

  static var seeds: [[UInt8]] {
    let hello: [UInt8] = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]
    let ping: [UInt8] = [0x89, 0x82, 1, 2, 3, 4, 0x69, 0x6b]
    let fragments: [UInt8] =
      [0x01, 0x81, 0, 0, 0, 0, 0xc3] + ping + [0x80, 0x81, 0, 0, 0, 0, 0xa9]
    let long = [0x82, 0xfe, 0, 200, 9, 8, 7, 6] + [UInt8](repeating: 5, count: 200)
    let close: [UInt8] = [0x88, 0x84, 0, 0, 0, 0, 0x03, 0xe8, 0x6f, 0x6b]
    return [[0] + hello + ping, [3] + fragments, [255] + long + close]
  }
}
