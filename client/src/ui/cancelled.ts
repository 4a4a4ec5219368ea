/** The person left a question unanswered: the command ends and says nothing. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled');
    this.name = 'Cancelled';
  }
}
