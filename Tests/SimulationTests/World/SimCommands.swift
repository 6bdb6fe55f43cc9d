import DaybookModel
import Ports

@testable import Partitions

/// The owners as the gateway has them, with a look at what passes: which commands were submitted in
/// which order, and what came of them.
///
/// `@unchecked Sendable`: a simulated run is one thread.
final class SimCommands: Commands, @unchecked Sendable {
  private unowned let server: SimServer
  private var lookouts: [ObjectIdentifier: Lookout] = [:]

  init(_ server: SimServer) { self.server = server }

  var partitionCount: Int { server.run.log.partitionCount }

  func submit(_ commands: [PendingCommand], to partition: PartitionID) {
    var passed: [PendingCommand] = []
    for pending in commands {
      let submission = server.run.submissions.submitted(
        pending.command, to: partition.index, at: server.run.clock.now())
      let lookout = lookout(for: pending.receiver)
      if let submission { lookout.submissions[pending.token] = submission }
      passed.append(PendingCommand(pending.command, receiver: lookout, token: pending.token))
    }
    server.owners[partition.index].submit(passed)
  }

  private func lookout(for receiver: any CommandReceiver) -> Lookout {
    let key = ObjectIdentifier(receiver)
    if let known = lookouts[key] { return known }
    let made = Lookout(server, receiver)
    lookouts[key] = made
    return made
  }

  /// Passes on the answers that it sees.
  private final class Lookout: CommandReceiver, @unchecked Sendable {
    private unowned let server: SimServer
    private let receiver: any CommandReceiver
    /// Of numbered commands, by their tokens.
    var submissions: [UInt64: Int] = [:]
    private var answered: Set<UInt64> = []

    init(_ server: SimServer, _ receiver: any CommandReceiver) {
      self.server = server
      self.receiver = receiver
    }

    func receive(_ answers: [CommandAnswer], covering token: ReadToken?) {
      for answer in answers {
        if !answered.insert(answer.token).inserted {
          server.run.findings.add("a command was answered twice")
        }
        let submission = submissions.removeValue(forKey: answer.token)
        guard case .failure(let error) = answer.outcome else { continue }
        if error.code == .clockAhead {
          server.run.findings.add("an id that was given was refused: \(error.message)")
        }
        if error.code == .numberGap { server.run.tally.count("number was missing") }
        if error.code.isTemporary, let submission {
          server.run.submissions.turnedAway(submission)
        }
      }
      receiver.receive(answers, covering: token)
    }
  }
}
