import DaybookModel
import DaybookSchema
import Dispatch
import Foundation
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

/// Frames over a socket of TCP, as any client may write them. One test uses it at a time.
final class RawConnection: @unchecked Sendable {
  private let port: UInt16
  private var file: Int32
  private var decoder = FrameDecoder()
  private var sequence: UInt32 = 0
  /// What came while something else was waited for.
  private(set) var pushes: [Frame] = []

  init(_ address: String) throws {
    port = try #require(address.split(separator: ":").last.flatMap { UInt16($0) })
    file = try #require(connectedSocket(to: port))
  }

  deinit { close(file) }

  /// The server has closed the connection.
  private struct Ended: Error {}

  /// A machine that has much else to do may take longer to connect than the server waits.
  private func reopen() throws {
    close(file)
    (decoder, sequence, pushes) = (FrameDecoder(), 0, [])
    file = try #require(connectedSocket(to: port))
  }

  @discardableResult
  func say(_ type: FrameType, _ message: some SwiftProtobuf.Message) throws -> UInt32 {
    sequence += 1
    var bytes = ByteBuffer()
    bytes.writeFrame(type, sequence: sequence, message: message)
    let all = Array(bytes.readableBytesView)
    try #require(write(file, all, all.count) == all.count)
    return sequence
  }

  /// The next frame, whatever it is. Waits on a thread that may.
  func next() async throws -> Frame {
    while true {
      if let frame = try decoder.next() { return frame }
      let file = file
      let read = await withCheckedContinuation { continuation in
        DispatchQueue.global().async {
          var bytes = [UInt8](repeating: 0, count: 65_536)
          let count = recv(file, &bytes, bytes.count, 0)
          continuation.resume(returning: count > 0 ? Array(bytes[..<count]) : [])
        }
      }
      guard !read.isEmpty else { throw Ended() }
      decoder.append(ByteBuffer(bytes: read))
    }
  }

  /// The answer to a request; what comes before it is kept.
  func answer(_ sequence: UInt32) async throws -> Frame {
    if let at = pushes.firstIndex(where: { $0.sequence == sequence }) {
      return pushes.remove(at: at)
    }
    while true {
      let frame = try await next()
      if frame.sequence == sequence { return frame }
      pushes.append(frame)
    }
  }

  func ask(_ type: FrameType, _ message: some SwiftProtobuf.Message) async throws -> Frame {
    try await answer(try say(type, message))
  }

  func connect(
    _ token: String, _ fill: (inout Daybook_V1_ConnectRequest) -> Void = { _ in }
  ) async throws -> Daybook_V1_ConnectReply {
    var request = Daybook_V1_ConnectRequest.with {
      $0.token = token
      $0.origin = Data("raw".utf8)
    }
    fill(&request)
    while true {
      do {
        let reply = try await ask(.connect, request)
        try #require(reply.type == .connect.reply)
        return try Daybook_V1_ConnectReply(frameBody: reply.body)
      } catch is Ended {
        try reopen()
      }
    }
  }

  /// The next push of this type, of those that were kept too.
  func push(_ type: FrameType) async throws -> Frame {
    if let at = pushes.firstIndex(where: { $0.type == type }) { return pushes.remove(at: at) }
    while true {
      let frame = try await next()
      if frame.type == type { return frame }
      pushes.append(frame)
    }
  }
}

/// On this machine. Nil where nobody listens.
private func connectedSocket(to port: UInt16) -> Int32? {
  let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  var to = sockaddr_in()
  to.sin_family = sa_family_t(AF_INET)
  to.sin_port = port.bigEndian
  to.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  let size = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isConnected = withUnsafePointer(to: &to) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, size) == 0 }
  }
  if isConnected { return file }
  close(file)
  return nil
}
