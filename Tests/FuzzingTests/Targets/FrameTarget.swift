import DaybookModel
import NIOCore
import WireProtocol

/// What a connection brings, in pieces of any size. The first byte says of which.
enum FrameTarget {
  static func run(_ bytes: [UInt8]) -> Bool {
    guard let first = bytes.first else { return false }
    let pieceBytes = 1 + Int(first)
    var decoder = FrameDecoder(bodyBytesMax: 1 << 16)
    var rest = bytes.dropFirst()
    var isValid = false
    do throws(FrameFault) {
      while !rest.isEmpty {
        decoder.append(ByteBuffer(bytes: rest.prefix(pieceBytes)))
        rest = rest.dropFirst(pieceBytes)
        while let frame = try decoder.next() {
          isValid = true
          read(frame.body)
        }
      }
      try decoder.finish()
    } catch {
      return isValid
    }
    return isValid
  }

  /// Each body that is read by hand; what is generated is its maker's to prove.
  private static func read(_ body: ByteBuffer) {
    if let request = try? SendRequest(frameBody: body) {
      var written = ByteBuffer()
      request.write(to: &written)
      precondition((try? SendRequest(frameBody: written)) == request, "a send is read otherwise")
    }
    if let request = try? AckRequest(frameBody: body) {
      var written = ByteBuffer()
      request.write(to: &written)
      precondition((try? AckRequest(frameBody: written)) == request, "an ack is read otherwise")
    }
    if let reply = try? CommandReply(frameBody: body) {
      var written = ByteBuffer()
      reply.write(to: &written)
      precondition((try? CommandReply(frameBody: written)) == reply, "a reply is read otherwise")
    }
  }

  static var seeds: [[UInt8]] {
    var send = ByteBuffer()
    SendRequest(
      context: CommandContext(origin: nil, number: 7), to: .user(UserID(checked: "bob")),
      content: ByteBuffer(bytes: [0x0a, 4, 0x0a, 2, 0x68, 0x69]),
      clientTime: Timestamp(milliseconds: 9), senderName: "Alice"
    ).writeFrame(sequence: 1, to: &send)
    var ack = ByteBuffer()
    AckRequest(stream: .group(GroupID(checked: "all")), upTo: Seq(200)).writeFrame(
      sequence: 2, to: &ack)
    var reply = ByteBuffer()
    CommandReply(
      messageID: MessageID(1 << 50), seq: Seq(3), recordedAt: Timestamp(milliseconds: 5),
      repeated: true, changed: true
    ).writeFrame(.send, sequence: 3, to: &reply)
    return [[0] + send.array, [255] + ack.array, [9] + reply.array + send.array + ack.array]
  }
}
