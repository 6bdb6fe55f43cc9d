import DaybookModel
import Ports

/// The whole log, walked once from its beginning: what every stream came to, and what was wrong.
struct Reference {
  let log: LoggedEvents
  private(set) var groups: [GroupID: GroupReference] = [:]
  private(set) var mailboxes: [UserID: MailboxReference] = [:]

  init(_ log: LoggedEvents, policy: RunPolicy, findings: Findings) {
    self.log = log
    var relay = RelayReference(log)
    for logged in log.all {
      let stream = logged.event.stream
      if let group = stream.groupID {
        relay.take(logged, groups[group], findings)
        groups[group, default: GroupReference(group, policy)].take(logged, findings)
      } else if let user = stream.userID {
        var mailbox = mailboxes.removeValue(forKey: user) ?? MailboxReference(user, policy)
        relay.take(logged, &mailbox, findings)
        mailbox.take(logged, findings)
        mailboxes[user] = mailbox
      }
    }
    relay.finish(findings)
    for mailbox in mailboxes.values {
      for group in mailbox.dropped {
        findings.expect(
          groups[group]?.dissolvedAt != nil,
          "\(mailbox.owner) dropped \(group), which was not dissolved")
      }
    }
    judgeTimes(findings)
  }

  private func judgeTimes(_ findings: Findings) {
    for partition in log.partitions {
      var (time, numbers) = (Timestamp.none, Set<IssuedNumber>())
      for logged in partition {
        let event = logged.event
        findings.expect(event.recordedAt >= time, "\(logged.place): time runs backwards")
        time = event.recordedAt
        guard let command = event.command else { continue }
        let key = IssuedNumber(
          IssuedOrigin(command, by: event.actor, to: event.stream), number: command.number)
        findings.expect(
          numbers.insert(key).inserted, "\(logged.place): number \(command.number) a second time")
      }
    }
  }
}
