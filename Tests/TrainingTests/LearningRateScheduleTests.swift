import Testing
import Training

@Suite struct LearningRateScheduleTests {
  @Test func warmsUpStaysFlatAndWarmsDown() {
    let schedule = LearningRateSchedule(
      steps: 100, warmupRatio: 0.1, warmdownRatio: 0.2, finalFraction: 0.1)
    #expect(schedule.multiplier(at: 0) == 0.1)
    #expect(schedule.multiplier(at: 4) == 0.5)
    #expect(schedule.multiplier(at: 9) == 1)
    #expect(schedule.multiplier(at: 10) == 1)
    #expect(schedule.multiplier(at: 80) == 1)
    #expect(abs(schedule.multiplier(at: 90) - (0.5 + 0.5 * 0.1)) < 1e-15)
    #expect(abs(schedule.multiplier(at: 99) - (0.05 + 0.95 * 0.1)) < 1e-15)
    #expect(abs(schedule.multiplier(at: 100) - 0.1) < 1e-15)
  }

  @Test func theDefaultOfPretrainingIsFlatThenLinearToZero() {
    let schedule = LearningRateSchedule(
      steps: 10, warmupRatio: 0, warmdownRatio: 0.2, finalFraction: 0)
    let values = (0..<10).map(schedule.multiplier(at:))
    #expect(values == [1, 1, 1, 1, 1, 1, 1, 1, 1, 0.5])
  }

  @Test func fineTuningFallsLinearlyFromTheStart() {
    let schedule = LearningRateSchedule(
      steps: 4, warmupRatio: 0, warmdownRatio: 1, finalFraction: 0)
    #expect((0..<4).map(schedule.multiplier(at:)) == [1, 0.75, 0.5, 0.25])
  }

  @Test func aSingleStepRunsAtFullRate() {
    let schedule = LearningRateSchedule(
      steps: 1, warmupRatio: 0, warmdownRatio: 0.2, finalFraction: 0)
    #expect(schedule.multiplier(at: 0) == 1)
  }
}
