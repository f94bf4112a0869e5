import type { ReactNode } from 'react';
import { useParams } from 'wouter';
import { BoardList } from './board-list.tsx';
import { BoardPage } from './board.tsx';
import './simulator.css';

export default function SimulatorPage(): ReactNode {
  const { id } = useParams<{ id?: string }>();
  return id === undefined ? <BoardList /> : <BoardPage key={id} id={id} />;
}
