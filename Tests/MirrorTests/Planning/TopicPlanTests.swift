import Mirror
import Testing

@Suite("What a topic lacks")
struct TopicPlanTests {
  private let fine = TopicPlan.Found(
    partitions: 8, replicas: 3,
    configuration: [
      "cleanup.policy": "delete", "min.insync.replicas": "2", "retention.ms": "-1",
      "retention.bytes": "-1", "message.timestamp.type": "CreateTime",
      "max.message.bytes": "1048588",
    ])

  private func plan(
    _ found: TopicPlan.Found?, for purpose: TopicPlan.Purpose = .events(partitions: 8),
    brokers: Int = 3, replicas: Int? = nil
  ) -> TopicPlan {
    TopicPlan("t", for: purpose, found: found, brokers: brokers, replicas: replicas)
  }

  @Test("a topic that is as it has to be needs nothing")
  func nothing() {
    #expect(plan(fine).steps.isEmpty && plan(fine).isFine && plan(fine).isPossible)
  }

  @Test("one that there isn't is made, kept for ever, with a majority for each ack")
  func made() {
    let steps = plan(nil).steps
    #expect(steps.first == .make(partitions: 8, replicas: 3))
    #expect(steps.contains(.set("retention.ms", to: "-1", was: nil)))
    #expect(steps.contains(.set("min.insync.replicas", to: "2", was: nil)))
    #expect(plan(nil).isToBeMade && !plan(nil).isFine)
    #expect(plan(nil, brokers: 1).steps.first == .make(partitions: 8, replicas: 1))
    #expect(plan(nil, brokers: 9).steps.first == .make(partitions: 8, replicas: 3))
    #expect(plan(nil, replicas: 5).steps.first == .make(partitions: 8, replicas: 5))
  }

  @Test(
    "whatever is set otherwise is named, with what it is and what it has to be",
    arguments: [
      ("retention.ms", "604800000", "-1"), ("retention.bytes", "1000", "-1"),
      ("cleanup.policy", "compact", "delete"), ("min.insync.replicas", "1", "2"),
      ("message.timestamp.type", "LogAppendTime", "CreateTime"),
      ("max.message.bytes", "1000", "1048588"),
    ])
  func changed(name: String, was: String, to: String) {
    var found = fine
    found.configuration[name] = was
    #expect(plan(found).steps == [.set(name, to: to, was: was)])
  }

  @Test("more than is needed is left as it is")
  func more() {
    var found = fine
    found.configuration["max.message.bytes"] = "20000000"
    found.configuration["min.insync.replicas"] = "3"
    #expect(plan(found).isFine)
  }

  @Test("another number of partitions than the log's can't be made right")
  func partitions() {
    for count in [1, 7, 9] {
      var found = fine
      found.partitions = count
      #expect(!plan(found).isPossible)
    }
  }

  @Test("positions and tables are compacted; more partitions for positions do no harm")
  func compacted() {
    let compacted = ["cleanup.policy": "compact", "min.insync.replicas": "2"]
    let found = TopicPlan.Found(partitions: 3, replicas: 3, configuration: compacted)
    #expect(plan(found, for: .offsets).isFine)
    #expect(!plan(found, for: .table(partitions: 8)).isPossible)
    #expect(plan(nil, for: .offsets).steps.first == .make(partitions: 1, replicas: 3))
  }

  @Test("one replica is possible, and it is said what that means")
  func advice() {
    var found = fine
    found.replicas = 1
    let plan = plan(found)
    #expect(plan.isFine && plan.steps.count == 1)
  }
}
