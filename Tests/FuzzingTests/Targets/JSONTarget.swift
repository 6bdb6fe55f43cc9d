import DaybookModel
import NIOCore
import WireProtocol

/// A text message of `daybook.v1.json`.
enum JSONTarget {
  static func run(_ bytes: [UInt8]) -> Bool {
    guard let frame = try? JSONFrames.decode(ByteBuffer(bytes: bytes)) else { return false }
    // What a client can say, it can be told; of a body that can't be read nothing.
    guard frame.type != JSONFrames.unknownType, let said = try? JSONFrames.encode(frame) else {
      return false
    }
    precondition((try? JSONFrames.decode(said)) == frame, "a frame is read otherwise")
    return true
  }

  static var seeds: [[UInt8]] {
    [
      #"{"sequence":1,"connect":{"token":"T","client":"page/1","origin":"AQI="}}"#,
      #"{"sequence":2,"send":{"context":{"number":"1"},"to":"user/bob","content":{"plain":{"body":"aGk="}}}}"#,
      #"{"ack":{"upToSeq":9,"stream":"group/a"},"sequence":3,"more":[{"a":null},-1.5e3,true,"\u00e9"]}"#,
      #"{"sequence":4,"changeGroup":{"group":"a","title":"","joinPolicy":"JOIN_POLICY_OPEN"}}"#,
      #"{"event":{"stream":"user/bob","seq":"7","message_sent":{"content":{"plain":{"body":"aGVsbG8="}}}}}"#,
    ].map { Array($0.utf8) }
  }
}
