import DaybookModel
import DaybookSchema
import Foundation
import NIOCore
import SwiftProtobuf

/// `Event` as the generated code has it: the second opinion on the hand-written codec.
extension Daybook_V1_Event {
  init(_ event: Event) throws {
    self.init()
    stream = event.stream.text
    seq = event.seq.rawValue
    messageID = event.messageID.rawValue
    recordedAtMs = event.recordedAt.milliseconds
    user = event.actor.user?.text ?? ""
    device = event.actor.device?.text ?? ""
    service = event.actor.service?.text ?? ""
    if let command = event.command {
      origin = Data(command.origin.bytes)
      number = command.number
      digest = command.digest
      gapless = command.isGapless
      refusal = command.refusal
    }
    traceID = Data(event.traceID?.bytes ?? [])
    if let cause = event.cause {
      self.cause = .with {
        $0.partition = UInt32(cause.partition.rawValue)
        $0.offset = UInt64(cause.offset.rawValue)
        $0.index = cause.index
      }
    }
    body = try Daybook_V1_Event.body(of: event)
  }

  private static func body(of event: Event) throws -> OneOf_Body {
    let bodies = [
      try message(event), receipt(event), try amendment(event), ofGroup(event), ofMember(event),
      notice(event), ofPerson(event), ofDevice(event),
    ]
    let made = bodies.compactMap { $0 }
    precondition(made.count == 1, "\(event.kind) is made by \(made.count) of these")
    return made[0]
  }
}
